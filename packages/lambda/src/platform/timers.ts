/**
 * The timers of Node, as they were before the function's code could put others in their place: those of a page, for
 * example, give back numbers, and a fault in a timer or a socket of ours would end the process.
 */
const { setTimeout: startTimeout, clearTimeout: stopTimeout, setInterval: startInterval } = globalThis;

/** Timers that are set for longer fire at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** Runs something after a time, unless the returned function is called before. It does not keep the process alive. */
export type After = (delayMs: number, run: () => void) => () => void;

export const after: After = (delayMs, run) => {
  const timer = startTimeout(run, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS)).unref();
  return () => stopTimeout(timer);
};

/** Runs something every so often, without end. It does not keep the process alive. */
export function every(periodMs: number, run: () => void): void {
  startInterval(run, periodMs).unref();
}
