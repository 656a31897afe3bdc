/** Wall-clock time with fractions, which survives that the machine stands still between two invocations. */
export interface Clock {
  /** Unix milliseconds with fractions; never goes back between two calls of `resync`. */
  readonly now: () => number;
  /** Catches up with the wall clock where the monotonic one has stood still or drifted. */
  readonly resync: () => void;
}

/** Where time comes from. */
export interface TimeSources {
  /** Unix milliseconds, whole: fractions are cut off. */
  readonly wallMs: () => number;
  /** Milliseconds with fractions since any origin. */
  readonly monotonicMs: () => number;
}

/** Further ahead of the wall clock than cut-off fractions and its own slewing explain. */
const TOLERANCE_MS = 2;

/**
 * Makes a clock that counts monotonically from an anchor, and moves the anchor only in `resync`. Each look at the wall
 * clock is up to 1 ms behind it, so the latest anchor of all looks is the best: fractions come out exact after a few.
 */
export function createClock({ wallMs, monotonicMs }: TimeSources): Clock {
  let anchor = wallMs() - monotonicMs();
  return {
    now: () => anchor + monotonicMs(),
    resync() {
      const seen = wallMs() - monotonicMs();
      if (seen > anchor || seen < anchor - TOLERANCE_MS) anchor = seen;
    },
  };
}

/** The clock of this process; `performance` would do as well, but loading it costs as much as the rest of the agent. */
export function createProcessClock(): Clock {
  // As it is now: the function's code may put clocks of its own in its place.
  const { hrtime } = process;
  const monotonicMs = (): number => {
    const [seconds, nanoseconds] = hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  };
  return createClock({ wallMs: Date.now, monotonicMs });
}

/** When this process began, Unix ms. */
export function readProcessStartUnixMs(): number {
  return Date.now() - process.uptime() * 1000;
}
