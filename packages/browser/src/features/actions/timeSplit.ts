/** One request within an action, and how much of it is known to have been the server's. */
export interface RequestTime {
  readonly startUnixMs: number;
  readonly untilUnixMs: number;
  /** How long it waited for a cold start. */
  readonly coldStartMs?: number | undefined;
  /** How long the server worked on it, without the cold start. */
  readonly serverMs?: number | undefined;
  /** Whether it was still awaited when the page was left. */
  readonly isCut?: boolean;
}

/**
 * How long at least one of several intervals lasted, ms: what overlaps counts once.
 *
 * @param startUnixMs what comes before does not count
 * @param endUnixMs what comes after does not count
 * @param toPartMs how long the part of an interval that counts is; it is taken to lie in the middle, as the server's part of
 *   a request does between the way there and the way back
 */
export function toUnionMs(
  times: readonly RequestTime[],
  startUnixMs: number,
  endUnixMs: number,
  toPartMs: (time: RequestTime) => number = () => Infinity,
): number {
  let unionMs = 0;
  let reachedUnixMs = startUnixMs;
  const parts = times.map((time) => {
    const wholeMs = time.untilUnixMs - time.startUnixMs;
    const aroundMs = Math.max(0, wholeMs - toPartMs(time)) / 2;
    return [time.startUnixMs + aroundMs, time.untilUnixMs - aroundMs] as const;
  });
  for (const [from, until] of parts.sort((a, b) => a[0] - b[0])) {
    const to = Math.min(until, endUnixMs);
    unionMs += Math.max(0, to - Math.max(from, reachedUnixMs));
    reachedUnixMs = Math.max(reachedUnixMs, to);
  }
  return unionMs;
}
