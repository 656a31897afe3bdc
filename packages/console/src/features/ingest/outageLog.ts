import type { CommitOutcome } from './commitQueue.ts';

/** Where to tell of outages. */
export interface OutageLogOptions {
  readonly log: (line: string) => void;
  readonly nowMs: () => number;
}

const INTERVAL_MS = 60_000;
const MAX_REASON_CHARS = 500;

/**
 * Creates an observer of inserts that tells the operator why the engine stores nothing, such as a full disk: at once,
 * and then once a minute while it lasts. Senders are only told to come back.
 */
export function createOutageLog({ log, nowMs }: OutageLogOptions): (outcome: CommitOutcome) => void {
  let toldMs = Number.NEGATIVE_INFINITY;
  return (outcome) => {
    if (outcome.status !== 'unavailable' || nowMs() - toldMs < INTERVAL_MS) return;
    toldMs = nowMs();
    log(
      `spans are not stored and their senders told to come back: ${outcome.reason.slice(0, MAX_REASON_CHARS)}`,
    );
  };
}
