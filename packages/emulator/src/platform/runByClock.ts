import type { Clock } from './clock.ts';

/** Says when something runs next after a time, unix ms; undefined means never again. */
export type NextRun = (afterUnixMs: number) => number | undefined;

/** The longest that a timer of Node's can wait; with more it would fire at once, again and again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs something whenever it is due, also more seldom than a timer could; keeps no process alive.
 *
 * @param next when
 * @param clock what the time is
 * @param run what
 * @returns ends it
 */
export function runByClock(next: NextRun, clock: Clock, run: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const waitFor = (dueUnixMs: number | undefined): void => {
    if (dueUnixMs === undefined) return;
    const leftMs = Math.max(0, dueUnixMs - clock());
    timer = setTimeout(
      () => {
        // A timer may be early by the clock, and is where it could not wait for so long.
        if (clock() < dueUnixMs) return waitFor(dueUnixMs);
        waitFor(next(dueUnixMs));
        run();
      },
      Math.min(Math.ceil(leftMs), LONGEST_TIMER_MS),
    ).unref();
  };
  waitFor(next(clock()));
  return () => clearTimeout(timer);
}
