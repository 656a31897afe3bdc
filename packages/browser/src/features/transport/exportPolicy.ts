/** The first pause after a failure. */
const FIRST_PAUSE_MS = 1000;
/** A broken collector is asked no more often than this, in the end. */
const MAX_PAUSE_MS = 300_000;

/**
 * Decides how long to leave the collector alone after it has failed: twice as long each time, with jitter so that not all
 * pages come back at once; never shorter than the collector asked for.
 *
 * @param failures how often in a row, at least 1
 * @param afterMs what the collector asked for
 * @param random from 0 to 1
 */
export function decidePauseMs(failures: number, afterMs: number | undefined, random: number): number {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS);
  return Math.max(pauseMs * (0.75 + random / 2), afterMs ?? 0);
}
