/** The longest that a timer of Node's can wait; with more it would fire at once, again and again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs something again and again, also more seldom than a timer could; keeps no process alive.
 *
 * @param everyMs how often
 * @param run what
 * @returns ends it
 */
export function repeat(everyMs: number, run: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, LONGEST_TIMER_MS);
    timer = setTimeout(() => {
      if (leftMs > stepMs) return wait(leftMs - stepMs);
      wait(everyMs);
      run();
    }, stepMs).unref();
  };
  wait(everyMs);
  return () => clearTimeout(timer);
}
