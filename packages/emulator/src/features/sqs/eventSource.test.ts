import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../platform/json.ts';
import { startEventSource } from './eventSource.ts';
import type { BatchOutcome, EventSource } from './eventSource.ts';
import { createQueue } from './queue.ts';
import type { Queue } from './queue.ts';

let queue: Queue;
let source: EventSource;
afterEach(() => {
  source.stop();
  queue.stop();
});

interface Bench {
  /** Bodies of each batch that the function has got. */
  readonly batches: string[][];
  readonly send: (body: string) => void;
  /** Resolves when so many batches have come. */
  readonly arrived: (count: number) => Promise<void>;
}

interface Limits {
  readonly batchSize: number;
  readonly batchWindowMs: number;
  readonly visibilityTimeoutMs: number;
  readonly filterPatterns?: readonly JsonObject[];
}

function bench(limits: Limits, reply: (batch: readonly string[]) => BatchOutcome): Bench {
  const batches: string[][] = [];
  let whenArrived = (): void => undefined;
  queue = createQueue({
    visibilityTimeoutMs: limits.visibilityTimeoutMs,
    maxReceiveCount: undefined,
    clock: () => performance.now(),
    onDead: () => undefined,
  });
  source = startEventSource({
    ...limits,
    queue,
    queueArn: 'arn:aws:sqs:eu-central-1:123456789012:orders',
    region: 'eu-central-1',
    maxConcurrency: 5,
    filterPatterns: limits.filterPatterns ?? [],
    reportBatchItemFailures: false,
    clock: () => performance.now(),
    invoke: (event) => {
      const { Records } = event as { Records: readonly { body: string }[] };
      const batch = Records.map(({ body }) => body);
      batches.push(batch);
      whenArrived();
      return Promise.resolve(reply(batch));
    },
  });
  return {
    batches,
    send: (body) => void queue.send({ body, attributes: {}, traceHeader: undefined, delayMs: 0 }),
    arrived: (count) =>
      new Promise((resolve) => {
        whenArrived = () => {
          if (batches.length >= count) resolve();
        };
        whenArrived();
      }),
  };
}

const OK: BatchOutcome = { status: 'ok', payload: Buffer.from('null') };

describe('an event source', () => {
  it('hands a message over once, also when its window is longer than the queue hides it', async () => {
    const { batches, send, arrived } = bench(
      { batchSize: 10, batchWindowMs: 400, visibilityTimeoutMs: 100 },
      () => OK,
    );
    send('a');
    await arrived(1);
    expect(batches).toEqual([['a']]);
    await vi.waitFor(() => expect(queue.counts()).toEqual({ visible: 0, hidden: 0, delayed: 0 }));
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
  it('removes messages that no filter pattern is about, and hands over the others', async () => {
    const filterPatterns = [{ body: { kind: ['order'] } }, { body: [{ prefix: 'plain' }] }];
    const { batches, send, arrived } = bench(
      { batchSize: 10, batchWindowMs: 50, visibilityTimeoutMs: 30_000, filterPatterns },
      () => OK,
    );
    for (const body of ['{"kind":"order"}', '{"kind":"other"}', 'plain text', 'other text']) send(body);
    await arrived(1);
    expect(batches).toEqual([['{"kind":"order"}', 'plain text']]);
    await vi.waitFor(() => expect(queue.counts()).toEqual({ visible: 0, hidden: 0, delayed: 0 }));
  });

  it('closes a batch at 6 MB', async () => {
    const { batches, send, arrived } = bench(
      { batchSize: 100, batchWindowMs: 0, visibilityTimeoutMs: 30_000 },
      () => OK,
    );
    for (let count = 0; count < 8; count++) send('x'.repeat(1_048_576));
    await arrived(3);
    expect(batches.map(({ length }) => length)).toEqual([1, 6, 1]);
  });

  it.each([
    [
      'throws',
      (): BatchOutcome => {
        throw new Error('boom');
      },
    ],
    ['fails', (): BatchOutcome => ({ status: 'error' })],
  ])('brings a batch again when its function %s', async (_, fail) => {
    let failures = 2;
    const { batches, send, arrived } = bench(
      { batchSize: 10, batchWindowMs: 0, visibilityTimeoutMs: 50 },
      () => (failures-- > 0 ? fail() : OK),
    );
    send('a');
    await arrived(3);
    expect(batches).toEqual([['a'], ['a'], ['a']]);
  });
});
