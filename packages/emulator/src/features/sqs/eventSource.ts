import type { Clock } from '../../platform/clock.ts';
import type { ReceivedMessage } from './message.ts';
import type { Queue } from './queue.ts';
import { toFailedIds, toSqsEvent } from './sqsEvent.ts';

/** What became of a batch that was handed to a function. */
export type BatchOutcome =
  | { readonly status: 'ok'; readonly payload: Buffer }
  | { readonly status: 'error' }
  | { readonly status: 'throttled' };

export interface EventSourceOptions {
  readonly queue: Queue;
  readonly queueArn: string;
  readonly region: string;
  readonly batchSize: number;
  readonly batchWindowMs: number;
  readonly reportBatchItemFailures: boolean;
  readonly clock: Clock;
  readonly invoke: (event: unknown) => Promise<BatchOutcome>;
}

/** Hands a queue's messages to a function. */
export interface EventSource {
  /** Takes no further message. Batches under way end with their function. */
  stop(): void;
}

/** So many batches at once: AWS starts with five pollers. */
const MAX_BATCHES = 5;
/** How long one request for a message waits, as the real pollers do. */
const POLL_MS = 20_000;
/** A function without room gets its batch again after so long. */
const THROTTLED_MS = 1000;

/**
 * Starts to hand messages over: batches of what is there, or of what comes within the window. One loop gathers, so
 * that a window fills one batch and not several.
 *
 * @param options the queue, the function and the size of a batch
 */
export function startEventSource(options: EventSourceOptions): EventSource {
  const abort = new AbortController();
  void poll(options, abort.signal);
  return { stop: () => abort.abort() };
}

async function poll(options: EventSourceOptions, signal: AbortSignal): Promise<void> {
  const underWay = new Set<Promise<void>>();
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- a place must be free before messages are taken
    if (underWay.size >= MAX_BATCHES) await Promise.race(underWay);
    // oxlint-disable-next-line no-await-in-loop -- one batch is gathered at a time
    const batch = await gather(options, signal);
    if (batch.length === 0) continue;
    const handed = handOver(options, batch).finally(() => underWay.delete(handed));
    underWay.add(handed);
  }
}

async function gather(options: EventSourceOptions, signal: AbortSignal): Promise<readonly ReceivedMessage[]> {
  const { queue, batchSize, batchWindowMs, clock } = options;
  const batch = [...(await queue.receive({ max: batchSize, waitMs: POLL_MS, signal }))];
  const endUnixMs = clock() + batchWindowMs;
  while (batch.length > 0 && batch.length < batchSize) {
    const waitMs = endUnixMs - clock();
    if (waitMs <= 0 || signal.aborted) break;
    // oxlint-disable-next-line no-await-in-loop -- each wait is for what the one before has not brought
    batch.push(...(await queue.receive({ max: batchSize - batch.length, waitMs, signal })));
  }
  return batch;
}

async function handOver(options: EventSourceOptions, batch: readonly ReceivedMessage[]): Promise<void> {
  const { queue } = options;
  const event = toSqsEvent(batch, options.queueArn, options.region);
  const outcome = await options.invoke(event).catch((): BatchOutcome => ({ status: 'error' }));
  if (outcome.status === 'throttled') {
    for (const { receiptHandle } of batch) queue.giveBack(receiptHandle, THROTTLED_MS);
    return;
  }
  // A failed batch is left alone: its messages come out again when their time of hiding is over.
  if (outcome.status === 'error') return;
  const failed = options.reportBatchItemFailures ? toFailedIds(outcome.payload, batch) : new Set<string>();
  for (const { messageId, receiptHandle } of batch) if (!failed.has(messageId)) queue.remove(receiptHandle);
}
