import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { InvocationOutcome } from '../../platform/invocation.ts';
import { createAsyncInvoker } from './asyncInvoke.ts';
import type { AsyncInvoker } from './asyncInvoke.ts';
import { refuseAsyncInvokeFaults } from './asyncInvokeConfig.ts';
import type { AsyncInvokeConfig } from './asyncInvokeConfig.ts';

// Sources, in https://docs.aws.amazon.com/lambda/latest/dg/
// [errors] invocation-async-error-handling.html
// [settings] invocation-async-configuring.html
// [records] invocation-async-retain-records.html

const MINUTE_MS = 60_000;
const OK: InvocationOutcome = {
  status: 'ok',
  payload: Buffer.from('"done"'),
  contentType: 'application/json',
};
const FAILED: InvocationOutcome = {
  status: 'error',
  errorType: 'Error',
  payload: Buffer.from('{"errorMessage":"boom"}'),
};
const FULL: InvocationOutcome = { status: 'throttled', reason: 'ConcurrentInvocationLimitExceeded' };

let invoker: AsyncInvoker;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 23, 12) });
});
afterEach(() => {
  invoker.stop();
  vi.useRealTimers();
});

interface Bench {
  /** Minutes after the start at which the function was run, and the request id that it saw. */
  readonly runs: [minutes: number, requestId: string][];
  readonly sent: [queue: string, record: Record<string, unknown>][];
}

function bench(replies: readonly InvocationOutcome[], config: Partial<AsyncInvokeConfig> = {}): Bench {
  const startUnixMs = Date.now();
  const runs: [number, string][] = [];
  const sent: [string, Record<string, unknown>][] = [];
  invoker = createAsyncInvoker({
    configs: [{ function: 'f', onSuccess: 'good', onFailure: 'bad', ...config }],
    invoke: async (_, { requestId }) => {
      runs.push([(Date.now() - startUnixMs) / MINUTE_MS, requestId]);
      return replies[Math.min(runs.length, replies.length) - 1]!;
    },
    toFunctionArn: (name) => `arn:aws:lambda:eu-central-1:123456789012:function:${name}`,
    sendToQueue: (queue, body) => void sent.push([queue, JSON.parse(body) as Record<string, unknown>]),
    clock: () => Date.now(),
  });
  invoker.accept('f', { payload: Buffer.from('{"a":1}'), requestId: 'id-1', traceId: 'Root=1-a-b' });
  return { runs, sent };
}

const HOUR_MS = 60 * MINUTE_MS;

describe('an asynchronous invocation', () => {
  it('runs once when its function takes it', async () => {
    const { runs, sent } = bench([OK]);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(runs).toEqual([[0, 'id-1']]);
    expect(sent).toEqual([
      [
        'good',
        {
          version: '1.0',
          timestamp: '2026-11-23T12:00:00.000Z',
          requestContext: {
            requestId: 'id-1',
            functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:f:$LATEST',
            condition: 'Success',
            approximateInvokeCount: 1,
          },
          requestPayload: { a: 1 },
          responseContext: { statusCode: 200, executedVersion: '$LATEST' },
          responsePayload: 'done',
        },
      ],
    ]);
  });

  it('runs twice more when its function fails, after one minute and two, with the same request id [errors]', async () => {
    const { runs, sent } = bench([FAILED]);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(runs).toEqual([
      [0, 'id-1'],
      [1, 'id-1'],
      [3, 'id-1'],
    ]);
    expect(sent).toMatchObject([
      [
        'bad',
        {
          requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
          responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
          responsePayload: { errorMessage: 'boom' },
        },
      ],
    ]);
  });

  it.each([
    [0, 1],
    [1, 2],
  ])('runs as often as is configured: %i retries [settings]', async (maxRetries, count) => {
    const { runs } = bench([FAILED], { maxRetries });
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(runs).toHaveLength(count);
  });

  it('waits for room from one second on, up to five minutes, and that is no retry [errors]', async () => {
    const { runs, sent } = bench([FULL, FULL, FULL, FAILED, OK]);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(runs.map(([minutes]) => Math.round(minutes * 60))).toEqual([0, 1, 3, 7, 67]);
    expect(sent).toMatchObject([['good', { requestContext: { approximateInvokeCount: 2 } }]]);
  });

  it('is dropped when it has become too old, without a response on its record [records]', async () => {
    const { runs, sent } = bench([FULL], { maxEventAgeMs: 10 * MINUTE_MS });
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(runs.at(-1)![0]).toBeLessThanOrEqual(10);
    expect(sent).toMatchObject([['bad', { requestContext: { condition: 'EventAgeExceeded' } }]]);
    expect(sent[0]![1]).not.toHaveProperty('responsePayload');
  });
});

it.each([{ maxRetries: 3 }, { maxRetries: -1 }, { maxEventAgeMs: 59_999 }, { maxEventAgeMs: 21_600_001 }])(
  'a configuration with %j is refused [settings]',
  (change) => {
    invoker = { accept: () => undefined, stop: () => undefined };
    expect(() => refuseAsyncInvokeFaults({ function: 'f', ...change })).toThrow('async invocations of f');
  },
);

it('tells a destination of a function that returned null that it was null [records]', async () => {
  const { sent } = bench([{ status: 'ok', payload: Buffer.from('null'), contentType: 'application/json' }]);
  await vi.advanceTimersByTimeAsync(0);
  expect(sent).toMatchObject([['good', { responsePayload: null }]]);
});
