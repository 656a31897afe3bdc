/** Calls back once after a while; the returned function cancels. */
export type After = (delayMs: number, run: () => void) => () => void;

/**
 * Timers of our own, taken before the page's are wrapped: no action is ever set for what they run.
 *
 * @param window where the timers come from
 */
export function createAfter(window: Pick<Window, 'setTimeout' | 'clearTimeout'>): After {
  const { setTimeout, clearTimeout } = window;
  return (delayMs, run) => {
    const id = setTimeout.call(window, run, delayMs);
    return () => clearTimeout.call(window, id);
  };
}
