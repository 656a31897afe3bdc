/** A JSON object, its values unknown. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Tells an object from a list, null and everything else. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses JSON that may be none.
 *
 * @param text as text or UTF-8 bytes
 * @returns the value; undefined, which no JSON can say, when the text is not JSON
 */
export function parseJson(text: Buffer | string): unknown {
  try {
    return JSON.parse(text.toString()) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Parses what need not be JSON.
 *
 * @param text as text or UTF-8 bytes
 * @returns the value; the text itself when it is not JSON
 */
export function parseJsonOrText(text: Buffer | string): unknown {
  const value = parseJson(text);
  return value === undefined ? text.toString() : value;
}
