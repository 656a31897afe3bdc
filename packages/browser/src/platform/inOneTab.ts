/** Runs a function while no other tab of the origin runs one; `undefined` where the origin keeps nothing. */
export type InOneTab = <T>(run: () => T) => Promise<T | undefined>;

/**
 * Makes it from the browser's locks; where it has none, all tabs run. What runs must be short: a browser forgets a page that
 * is left with a lock, where it would have kept it for the way back.
 */
export function createInOneTab({ navigator: { locks } }: Window): InOneTab {
  return async (run) =>
    locks
      ? // A frame without an origin has no locks; it keeps nothing either.
        locks.request('clickspan', run).catch(() => undefined)
      : run();
}
