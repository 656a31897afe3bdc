/** Runs a function unless another tab of the origin runs it now. */
export type InOneTab = (run: () => Promise<void>) => Promise<void>;

/** Makes it from the browser's locks; where it has none, all tabs run. */
export function createInOneTab({ navigator: { locks } }: Window): InOneTab {
  return async (run) =>
    locks
      ? // A frame without an origin has no locks; it keeps nothing either.
        locks
          .request('clickspan', { ifAvailable: true }, (lock) => (lock ? run() : undefined))
          .catch(() => {})
      : run();
}
