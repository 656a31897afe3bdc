/** Whether a value is of a class of the browser, by its brand and not its constructor: it may come from another frame. */
export function isBranded(value: unknown, name: string): boolean {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}
