/** Runs a function unless another tab of the origin runs it now; says what the function says, else `true`. */
export type InOneTab = (run: () => Promise<boolean>) => Promise<boolean>;

/** Makes it from the browser's locks; where it has none, all tabs run. */
export function createInOneTab({ navigator: { locks } }: Window): InOneTab {
  return async (run) => {
    if (!locks) return run();
    try {
      return await locks.request('clickspan', { ifAvailable: true }, (lock) => (lock ? run() : true));
    } catch {
      // A frame without an origin has no locks; it keeps nothing either.
      return true;
    }
  };
}
