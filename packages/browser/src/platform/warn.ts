/** Says something to the developer of the page. */
export type Warn = (message: string) => void;

/**
 * Makes a warning function that says everything once, and never throws: pages and their tests put functions of their own
 * in the console's place.
 *
 * @param print by default `console.warn`
 */
export function createWarn(
  print: (text: string) => void = (text) => {
    // oxlint-disable-next-line no-console -- the one place from which the agent speaks
    console.warn(text);
  },
): Warn {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message)) return;
    said.add(message);
    try {
      print(`[clickspan] ${message}`);
    } catch {
      // There is no one to tell.
    }
  };
}
