/** The time of the page. */
export interface Clock {
  /** Now, as Unix milliseconds with fractions. */
  readonly now: () => number;
  /** Turns a time stamp of an event or a performance entry (ms since the page's time origin) into Unix milliseconds. */
  readonly fromTimeStamp: (timeStampMs: number) => number;
}

/** A clock that can be made to tell another time for a while. */
export interface MovableClock extends Clock {
  /** Runs a function for which it is another time: what it notes has happened then. */
  readonly at: <T>(unixMs: number | undefined, run: () => T) => T;
}

/** Beyond this the monotonic clock has stood still: in some systems it does while the machine sleeps. */
const MAX_SKEW_MS = 1000;

/**
 * A clock that is fine and monotonic, and finds back to the wall clock after the machine has slept.
 *
 * @param performance gives `timeOrigin` and `now()`
 * @param wallClock Unix ms
 * @see https://github.com/open-telemetry/opentelemetry-js/issues/2719
 */
export function createClock(
  performance: Pick<Performance, 'timeOrigin' | 'now'>,
  wallClock: () => number = Date.now,
): MovableClock {
  let originUnixMs = performance.timeOrigin;
  let otherUnixMs: number | undefined;
  return {
    now() {
      if (otherUnixMs) return otherUnixMs;
      const monotonicMs = performance.now();
      const skewMs = wallClock() - originUnixMs - monotonicMs;
      if (Math.abs(skewMs) > MAX_SKEW_MS) originUnixMs += skewMs;
      return originUnixMs + monotonicMs;
    },
    fromTimeStamp: (timeStampMs) => originUnixMs + timeStampMs,
    at(unixMs, run) {
      otherUnixMs = unixMs;
      try {
        return run();
      } finally {
        otherUnixMs = undefined;
      }
    },
  };
}
