import { decideCommit } from './commitPolicy.ts';

/** Rows of one request in the engine's own bytes. */
export interface RowBatch {
  readonly bytes: Uint8Array;
  readonly rowCount: number;
}

/** What became of a batch. */
export type CommitOutcome =
  | { readonly status: 'stored' }
  | { readonly status: 'unavailable'; readonly reason: string }
  | { readonly status: 'refused'; readonly reason: string }
  /** The queue is full; nothing was taken. */
  | { readonly status: 'full' };

/** Joins the batches of concurrent requests into few inserts. */
export interface CommitQueue {
  /** Resolves when the engine has the rows on disk, or when it is clear that it has not. */
  readonly submit: (batch: RowBatch) => Promise<CommitOutcome>;
  /** Sends what waits and resolves when nothing is under way; what comes later is refused as unavailable. */
  readonly drain: () => Promise<void>;
}

/** What the queue works with. */
export interface CommitQueueOptions {
  readonly insert: (chunks: readonly Uint8Array[]) => Promise<Exclude<CommitOutcome, { status: 'full' }>>;
  readonly maxPendingBytes: number;
  readonly nowMs: () => number;
}

interface Waiting {
  readonly batch: RowBatch;
  readonly settle: (outcome: CommitOutcome) => void;
}

/** One insert holds no more than this, so that the engine makes one part of it within its memory. */
const MAX_COMMIT_BYTES = 16 * 1024 * 1024;

/** Creates an empty queue. */
export function createCommitQueue(options: CommitQueueOptions): CommitQueue {
  let waiting: Waiting[] = [];
  /** Bytes that wait or are under way: both are memory. */
  let heldBytes = 0;
  let pendingBytes = 0;
  let insertsInFlight = 0;
  let lastCommitMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let draining = false;
  let onIdle: (() => void) | undefined;

  const takeCommit = (): Waiting[] => {
    let [count, bytes] = [0, 0];
    for (const { batch } of waiting) {
      if (count > 0 && bytes + batch.bytes.length > MAX_COMMIT_BYTES) break;
      bytes += batch.bytes.length;
      count++;
    }
    pendingBytes -= bytes;
    return waiting.splice(0, count);
  };

  const commit = async (group: readonly Waiting[]): Promise<void> => {
    const outcome = await options.insert(group.map(({ batch }) => batch.bytes));
    if (outcome.status !== 'refused' || group.length === 1) {
      for (const { settle } of group) settle(outcome);
      return;
    }
    // One request's rows must not take those of others down with them.
    for (const { batch, settle } of group) settle(await options.insert([batch.bytes]));
  };

  const proceed = (): void => {
    clearTimeout(timer);
    timer = undefined;
    while (waiting.length > 0) {
      const sinceLastCommitMs = options.nowMs() - lastCommitMs;
      const decision = decideCommit({ pendingBytes, insertsInFlight, sinceLastCommitMs });
      if (decision.action === 'wait' && !draining) {
        timer = setTimeout(proceed, decision.ms);
        return;
      }
      if (decision.action === 'hold') return;
      lastCommitMs = options.nowMs();
      insertsInFlight++;
      const group = takeCommit();
      void commit(group).finally(() => {
        insertsInFlight--;
        for (const { batch } of group) heldBytes -= batch.bytes.length;
        proceed();
      });
    }
    if (insertsInFlight === 0) onIdle?.();
  };

  return {
    submit(batch: RowBatch): Promise<CommitOutcome> {
      const bytes = batch.bytes.length;
      if (draining) return Promise.resolve({ status: 'unavailable', reason: 'the console is stopping' });
      // An empty queue takes anything, so that no request is too large for ever.
      if (heldBytes > 0 && heldBytes + bytes > options.maxPendingBytes)
        return Promise.resolve({ status: 'full' });
      heldBytes += bytes;
      pendingBytes += bytes;
      return new Promise((settle) => {
        waiting.push({ batch, settle });
        proceed();
      });
    },
    drain(): Promise<void> {
      draining = true;
      return new Promise((resolve) => {
        onIdle = resolve;
        proceed();
      });
    },
  };
}
