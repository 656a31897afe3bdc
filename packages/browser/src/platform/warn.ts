/** Says something to the developer of the page. */
export type Warn = (message: string) => void;

/**
 * Makes a warning function that says everything once.
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
    print(`[clickspan] ${message}`);
  };
}
