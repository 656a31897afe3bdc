/** How quickly the invocations of this environment follow each other. */
export interface Pace {
  /** An invocation begins. */
  began(): void;
  /** The environment is free for the next one. */
  ended(): void;
  /** The next one may be expected soon. */
  isBusy(): boolean;
}

/**
 * So many in a row must have come quickly. A page that loads sends a few requests at once and is silent then: that is not
 * a busy function.
 */
const QUICK_TO_BE_BUSY = 5;
/** A connection is trusted for 4 s; what comes after so long still finds it open after a handler of as much. */
const QUICK_MS = 2000;

/**
 * Makes the measure of pace; an environment is busy as long as each invocation begins soon after the one before.
 *
 * @param nowMs wall clock, which goes on while the environment is frozen
 */
export function createPace(nowMs: () => number): Pace {
  let quick = 0;
  let endedMs = NaN;
  return {
    began() {
      const gapMs = nowMs() - endedMs;
      quick = gapMs >= 0 && gapMs <= QUICK_MS ? quick + 1 : 0;
    },
    ended() {
      endedMs = nowMs();
    },
    isBusy: () => quick >= QUICK_TO_BE_BUSY,
  };
}
