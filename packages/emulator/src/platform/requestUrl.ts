/**
 * Splits a request's target.
 *
 * @param url path and query, as sent
 * @returns the path and what is behind the first `?`, both as sent
 */
export function splitUrl(url: string): [path: string, query: string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

/**
 * Decodes a part of a path.
 *
 * @param text as sent
 * @returns the part; as sent where it cannot be decoded
 */
export function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
