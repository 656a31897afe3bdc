import type { Clock } from '../../platform/clock.ts';
import type { JsonObject } from '../../platform/json.ts';
import type { ReceivedMessage } from './message.ts';
import type { Queue } from './queue.ts';
import { MAX_MESSAGE_BYTES, sizeOf } from './sqsParameters.ts';
import { isWanted } from './messageFilter.ts';
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
  /** For how long the queue hides what a function is busy with. */
  readonly visibilityTimeoutMs: number;
  /** What a message must meet one of; all messages are wanted when there is none. */
  readonly filterPatterns: readonly JsonObject[];
  /** So many batches at once. */
  readonly maxConcurrency: number;
  readonly reportBatchItemFailures: boolean;
  readonly clock: Clock;
  readonly invoke: (event: unknown) => Promise<BatchOutcome>;
}

/** Hands a queue's messages to a function. */
export interface EventSource {
  /** Takes no further message. Batches under way end with their function. */
  stop(): void;
}

/** What an event may hold, as bytes of messages: AWS closes a batch at 6 MB, whatever its size and window. */
const MAX_BATCH_BYTES = 6 * 1024 * 1024;
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
    if (underWay.size >= options.maxConcurrency) await Promise.race(underWay);
    const batch = wantedOf(options, await gather(options, signal));
    if (batch.length === 0) continue;
    const handed = handOver(options, batch).finally(() => underWay.delete(handed));
    underWay.add(handed);
  }
}

async function gather(options: EventSourceOptions, signal: AbortSignal): Promise<readonly ReceivedMessage[]> {
  const { queue, batchSize, batchWindowMs, clock } = options;
  // What waits for its batch to fill must not come out again meanwhile, and be in the batch twice.
  const visibilityTimeoutMs = options.visibilityTimeoutMs + batchWindowMs;
  const batch: ReceivedMessage[] = [];
  const take = async (waitMs: number): Promise<void> => {
    const max = batchSize - batch.length;
    const maxBytes = MAX_BATCH_BYTES - toBytes(batch);
    batch.push(...(await queue.receive({ max, maxBytes, waitMs, visibilityTimeoutMs, signal })));
  };
  await take(POLL_MS);
  const endUnixMs = clock() + batchWindowMs;
  while (batch.length > 0 && batch.length < batchSize && hasRoom(batch)) {
    const waitMs = endUnixMs - clock();
    if (waitMs <= 0 || signal.aborted) break;
    await take(waitMs);
  }
  for (const { receiptHandle } of batch) queue.hide(receiptHandle, options.visibilityTimeoutMs);
  return batch;
}

/** What no pattern is about is removed from the queue, as if the function had handled it. */
function wantedOf(
  { queue, queueArn, region, filterPatterns }: EventSourceOptions,
  batch: readonly ReceivedMessage[],
): readonly ReceivedMessage[] {
  if (filterPatterns.length === 0) return batch;
  return batch.filter((message) => {
    const wanted = isWanted(toSqsEvent([message], queueArn, region).Records[0], filterPatterns);
    if (!wanted) queue.remove(message.receiptHandle);
    return wanted;
  });
}

function toBytes(batch: readonly ReceivedMessage[]): number {
  return batch.reduce((sum, message) => sum + sizeOf(message), 0);
}

function hasRoom(batch: readonly ReceivedMessage[]): boolean {
  return toBytes(batch) + MAX_MESSAGE_BYTES <= MAX_BATCH_BYTES;
}

async function handOver(options: EventSourceOptions, batch: readonly ReceivedMessage[]): Promise<void> {
  const { queue } = options;
  const event = toSqsEvent(batch, options.queueArn, options.region);
  let outcome: BatchOutcome;
  try {
    outcome = await options.invoke(event);
  } catch {
    outcome = { status: 'error' };
  }
  if (outcome.status === 'throttled') {
    for (const { receiptHandle } of batch) queue.giveBack(receiptHandle, THROTTLED_MS);
    return;
  }
  // A failed batch is left alone: its messages come out again when their time of hiding is over.
  if (outcome.status === 'error') return;
  const failed = options.reportBatchItemFailures ? toFailedIds(outcome.payload, batch) : new Set<string>();
  for (const { messageId, receiptHandle } of batch) if (!failed.has(messageId)) queue.remove(receiptHandle);
}
