/** Runs a function unless another tab of the origin runs one now; `undefined` then, and where the origin keeps nothing. */
export type InOneTab = <T>(run: () => T) => Promise<T | undefined>;

/**
 * Makes it from the browser's locks; where it has none, all tabs run. What runs must be short: a browser forgets a page that
 * is left with a lock, where it would have kept it for the way back.
 */
export function createInOneTab({ navigator: { locks } }: Window): InOneTab {
  return async (run) =>
    locks
      ? // A frame without an origin has no locks; it keeps nothing either.
        locks
          // A tab that is held up with it must not hold up this one.
          .request('clickspan', { ifAvailable: true }, (lock) => (lock ? run() : undefined))
          .catch(() => undefined)
      : run();
}
