/** What is known when rows wait for the engine. */
export interface CommitState {
  readonly pendingBytes: number;
  readonly insertsInFlight: number;
  readonly sinceLastCommitMs: number;
}

/** What to do with rows that wait. */
export type CommitDecision =
  | { readonly action: 'commit' }
  | { readonly action: 'wait'; readonly ms: number }
  /** An insert under way will ask again when it ends. */
  | { readonly action: 'hold' };

/** Two, so that the engine sorts and writes one while the next is on its way. */
const MAX_INSERTS_IN_FLIGHT = 2;
/** This much is worth an insert of its own, however short ago the last one was. */
const FULL_COMMIT_BYTES = 2 * 1024 * 1024;
/** Each insert is a part on disk that must be merged later: with little traffic, at most this many a second. */
const MIN_INTERVAL_MS = 40;

/**
 * Decides when rows go to the engine: at once when it is idle, else together with what comes meanwhile.
 * A sender's answer waits for it, and so does a function that exports, so that waiting is kept short.
 */
export function decideCommit(state: CommitState): CommitDecision {
  if (state.insertsInFlight >= MAX_INSERTS_IN_FLIGHT) return { action: 'hold' };
  if (state.pendingBytes >= FULL_COMMIT_BYTES) return { action: 'commit' };
  if (state.insertsInFlight > 0) return { action: 'hold' };
  const waitMs = MIN_INTERVAL_MS - state.sinceLastCommitMs;
  return waitMs > 0 ? { action: 'wait', ms: waitMs } : { action: 'commit' };
}
