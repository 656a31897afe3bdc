import type { Clock } from '../../platform/clock.ts';
import { toCheckpoint } from './batchFailures.ts';
import type { StreamMapping } from './streamConfig.ts';

/** What a mapping needs to know of a record. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly arrivedUnixMs: number;
  readonly sizeBytes: number;
}

/** What became of a batch. */
export type StreamOutcome =
  | { readonly status: 'ok'; readonly requestId: string; readonly payload: Buffer }
  | { readonly status: 'error'; readonly requestId: string }
  | { readonly status: 'throttled'; readonly requestId: string };

/** A batch that was given up. */
export interface Discarded<R> {
  readonly records: readonly R[];
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  readonly requestId: string | undefined;
  readonly invokeCount: number;
}

export interface ShardSourceOptions<R extends StreamRecord> {
  readonly mapping: StreamMapping;
  readonly clock: Clock;
  readonly invoke: (records: readonly R[]) => Promise<StreamOutcome>;
  readonly onDiscarded: (discarded: Discarded<R>) => void;
}

/** Hands the records of one shard to a function, in order, one batch at a time. */
export interface ShardSource<R> {
  push(record: R): void;
  /** Takes no further batch. One that is under way ends with its function. */
  stop(): void;
}

/** Records that are tried together, and how often they have been. */
interface Batch<R> {
  readonly records: readonly R[];
  readonly retries: number;
  readonly invokeCount: number;
}

const DEFAULT_BATCH_SIZE = 100;
/** What an event may hold: AWS closes a batch at 6 MB, whatever its size and window. */
const MAX_BATCH_BYTES = 6 * 1024 * 1024;
/** Streams keep a record for so long, those of tables always and Kinesis's unless one pays for more. */
const RETENTION_MS = 86_400_000;
/** AWS backs off between tries and does not say how; ours doubles from here to there. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 60_000;
/** A function without room gets its batch again after so long. */
const THROTTLED_MS = 1000;

/**
 * Makes the source, by the Lambda developer guide, "How Lambda processes records from stream and queue-based event
 * sources" and "Using AWS Lambda with Amazon Kinesis": a batch that failed blocks its shard until it succeeds, is too old,
 * or has been tried too often.
 *
 * @param options the mapping, and the way to its function
 */
export function createShardSource<R extends StreamRecord>(options: ShardSourceOptions<R>): ShardSource<R> {
  const { mapping, clock } = options;
  const { batchSize = DEFAULT_BATCH_SIZE, batchWindowMs = 0, maxRetries = Infinity } = mapping;
  const waiting: R[] = [];
  let wake: () => void = () => undefined;
  let stopped = false;

  /** Resolves after so long, or as soon as a record comes or the source stops. */
  function pause(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, ms).unref();
    });
  }

  async function poll(): Promise<void> {
    while (!stopped) {
      if (waiting.length === 0) {
        await pause(undefined);
        continue;
      }
      await gather();
      if (!stopped) await work({ records: takeBatch(), retries: 0, invokeCount: 0 });
    }
  }

  /** Waits for a batch to fill, no longer than its window. */
  async function gather(): Promise<void> {
    const endUnixMs = clock() + batchWindowMs;
    // What came in the same turn as the first record belongs to the same batch.
    await sleep(0);
    while (!stopped && waiting.length < batchSize && toBytes(waiting) < MAX_BATCH_BYTES) {
      const leftMs = endUnixMs - clock();
      if (leftMs <= 0) return;
      await pause(leftMs);
    }
  }

  function takeBatch(): readonly R[] {
    let count = 0;
    let sizeBytes = 0;
    while (count < Math.min(batchSize, waiting.length)) {
      sizeBytes += waiting[count]!.sizeBytes;
      if (count > 0 && sizeBytes > MAX_BATCH_BYTES) break;
      count++;
    }
    return waiting.splice(0, count);
  }

  /** Tries batches until none is left; the parts of a halved one come one after the other. */
  async function work(first: Batch<R>): Promise<void> {
    const batches: Batch<R>[] = [first];
    let batch: Batch<R> | undefined;
    while (!stopped && (batch = batches.shift())) {
      const fresh = dropOld(batch);
      if (fresh.records.length > 0) batches.unshift(...(await attempt(fresh)));
    }
  }

  function dropOld(batch: Batch<R>): Batch<R> {
    const oldestUnixMs = clock() - Math.min(mapping.maxRecordAgeMs ?? Infinity, RETENTION_MS);
    const records = batch.records.filter(({ arrivedUnixMs }) => arrivedUnixMs >= oldestUnixMs);
    const old = batch.records.filter(({ arrivedUnixMs }) => arrivedUnixMs < oldestUnixMs);
    if (old.length > 0) giveUpOld(old, batch.invokeCount);
    return { ...batch, records };
  }

  function giveUpOld(records: readonly R[], invokeCount: number): void {
    options.onDiscarded({ records, condition: 'RecordAgeExceeded', requestId: undefined, invokeCount });
  }

  /** A function that fails for ever must not let the shard grow for ever. */
  function expire(): void {
    const oldestUnixMs = clock() - RETENTION_MS;
    const kept = waiting.findIndex(({ arrivedUnixMs }) => arrivedUnixMs >= oldestUnixMs);
    if (kept !== 0 && waiting.length > 0) giveUpOld(waiting.splice(0, kept < 0 ? waiting.length : kept), 0);
  }

  /** Runs one batch, and gives what of it comes again, after a pause. */
  async function attempt(batch: Batch<R>): Promise<readonly Batch<R>[]> {
    const { records, retries } = batch;
    const outcome = await options
      .invoke(records)
      .catch((): StreamOutcome => ({ status: 'error', requestId: '' }));
    if (outcome.status === 'throttled') {
      await sleep(THROTTLED_MS);
      return [batch];
    }
    const invokeCount = batch.invokeCount + 1;
    const from = toFirstFailed(outcome, records);
    if (from === undefined) return [];
    const left = records.slice(from);
    const { bisectBatchOnError: bisects = false } = mapping;
    // "Splitting a batch doesn't count towards the retry quota."
    if (bisects && outcome.status === 'error' && left.length > 1) {
      const middle = Math.ceil(left.length / 2);
      return [left.slice(0, middle), left.slice(middle)].map((half) => ({
        records: half,
        retries,
        invokeCount,
      }));
    }
    if (bisects && from > 0) return [{ records: left, retries, invokeCount }];
    if (retries >= maxRetries) {
      const { requestId } = outcome;
      options.onDiscarded({ records: left, condition: 'RetryAttemptsExhausted', requestId, invokeCount });
      return [];
    }
    await sleep(Math.min(FIRST_RETRY_MS * 2 ** retries, LONGEST_RETRY_MS));
    return [{ records: left, retries: retries + 1, invokeCount }];
  }

  function toFirstFailed(outcome: StreamOutcome, records: readonly R[]): number | undefined {
    if (outcome.status !== 'ok') return 0;
    if (!mapping.reportBatchItemFailures) return undefined;
    return toCheckpoint(
      outcome.payload,
      records.map(({ sequenceNumber }) => sequenceNumber),
    );
  }

  void poll();
  return {
    push: (record) => {
      expire();
      waiting.push(record);
      wake();
    },
    stop: () => {
      stopped = true;
      wake();
    },
  };
}

function toBytes(records: readonly StreamRecord[]): number {
  return records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
