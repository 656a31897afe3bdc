/** Keeps the agent's own faults away from the function. */
export interface Guard {
  /** Runs something; what it throws is counted and told, and `undefined` comes back. */
  <T>(run: () => T): T | undefined;
}

/** At most one line a minute, so that a fault on every invocation does not fill the function's log. */
const REPORT_EVERY_MS = 60_000;

/** Tells people something about the agent, in the function's own log. */
export type Report = (message: string) => void;

/**
 * Makes a reporter that writes at most one line a minute, of whatever kind, and how many it kept back. It never throws,
 * not even where the log does.
 *
 * @param write where a line goes
 * @param nowMs the time, in ms
 */
export function createReport(write: (line: string) => void, nowMs: () => number): Report {
  let last = -Infinity;
  let kept = 0;
  return (message) => {
    const now = nowMs();
    // Where the clock has been set back, the minute is over.
    if (now >= last && now - last < REPORT_EVERY_MS) {
      kept++;
      return;
    }
    last = now;
    const rest = kept > 0 ? ` (${kept} more not shown)` : '';
    kept = 0;
    try {
      write(`clickspan: ${message}${rest}\n`);
    } catch {
      // The function may have put something of its own in the log's place.
    }
  };
}

/** Makes a guard that tells faults through a reporter. */
export function createGuard(report: Report): Guard {
  return (run) => {
    try {
      return run();
    } catch (error) {
      try {
        report(`a fault of the agent was caught: ${String((error as Error | undefined)?.stack ?? error)}`);
      } catch {
        // Nothing of ours may reach the function, not even a failing log.
      }
      return undefined;
    }
  };
}
