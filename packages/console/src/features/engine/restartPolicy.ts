const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 5_000;
/** An engine that lived this long was healthy: its end starts a new count. */
const HEALTHY_AFTER_MS = 30_000;

/** What is known when an engine has ended. */
export interface EngineEnd {
  readonly livedMs: number;
  /** Ends in a row before this one. */
  readonly failures: number;
}

/** Decides how long to wait before the next start: at once after a long life, ever longer after short ones. */
export function decideRestart(end: EngineEnd): { readonly delayMs: number; readonly failures: number } {
  const failures = end.livedMs >= HEALTHY_AFTER_MS ? 0 : end.failures;
  return { delayMs: Math.min(FIRST_DELAY_MS * 2 ** failures, MAX_DELAY_MS), failures: failures + 1 };
}
