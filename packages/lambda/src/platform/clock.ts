/** Wall-clock time with fractions, which survives that the machine stands still between two invocations. */
export interface Clock {
  /** Unix milliseconds with fractions; never goes back between two calls of `resync`. */
  readonly now: () => number;
  /** Catches up with the wall clock where the monotonic one has stood still or drifted. */
  readonly resync: () => void;
}

/** Where time comes from. */
export interface TimeSources {
  /** Unix milliseconds, whole. */
  readonly wallMs: () => number;
  /** Milliseconds with fractions since some origin. */
  readonly monotonicMs: () => number;
  /** The Unix milliseconds of that origin. */
  readonly originUnixMs: number;
}

/** `Date.now()` cuts fractions off, so a clock that is in step may be ahead of it by up to 1 ms. */
const TOLERANCE_MS = 2;

/** Makes a clock that counts monotonically from an anchor, and moves the anchor only in `resync`. */
export function createClock({ wallMs, monotonicMs, originUnixMs }: TimeSources): Clock {
  let anchor = originUnixMs;
  return {
    now: () => anchor + monotonicMs(),
    resync() {
      const drift = wallMs() - (anchor + monotonicMs());
      if (Math.abs(drift) > TOLERANCE_MS) anchor += drift;
    },
  };
}

/** The clock of this process. */
export function createProcessClock(): Clock {
  return createClock({
    wallMs: Date.now,
    monotonicMs: () => performance.now(),
    originUnixMs: performance.timeOrigin,
  });
}
