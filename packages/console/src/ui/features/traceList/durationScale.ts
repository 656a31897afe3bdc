/** The share of the list that a bar's whole length has to be enough for. */
const COVERED = 0.95;
/** One duration that is not far beyond the others still sets the scale. */
const REACH = 2;

/**
 * Chooses which duration fills a bar, so that one trace of a minute does not flatten all others to nothing.
 *
 * @param durationsMs of the whole list, in any order
 * @returns ms; 0 for an empty list
 */
export function chooseScaleMs(durationsMs: readonly number[]): number {
  const sorted = durationsMs.toSorted((a, b) => a - b);
  const longest = sorted.at(-1) ?? 0;
  const usual = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * COVERED) - 1)] ?? 0;
  return usual > 0 && longest > usual * REACH ? usual : longest;
}
