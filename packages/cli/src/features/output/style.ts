/** Ways to set text off. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  warm(text: string): string;
  bad(text: string): string;
}

/**
 * Makes the styles for an output.
 *
 * @param isColoured whether it understands escape codes and people want them
 */
export function createStyle(isColoured: boolean): Style {
  const style =
    (open: number, close: number) =>
    (text: string): string =>
      isColoured ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    good: style(32, 39),
    warm: style(33, 39),
    bad: style(31, 39),
  };
}

/**
 * Decides whether a stream takes colours: a terminal does, unless `NO_COLOR` is set.
 *
 * @param stream standard output or error
 */
export function takesColour(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'];
}
