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
