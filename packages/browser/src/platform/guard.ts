/** Runs our own code where the page could be hurt by it: nothing is thrown, `undefined` comes back instead. */
export type Guard = <T>(run: () => T) => T | undefined;

/**
 * Makes the one door through which every callback goes that the page can reach.
 *
 * @param report told what was caught; if it throws too, nobody is told
 */
export function createGuard(report: (error: unknown) => void): Guard {
  return (run) => {
    try {
      return run();
    } catch (error) {
      try {
        report(error);
      } catch {
        // The page must not pay for what cannot even be told.
      }
      return undefined;
    }
  };
}
