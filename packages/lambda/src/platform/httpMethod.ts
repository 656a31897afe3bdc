const KNOWN: ReadonlySet<string> = new Set(
  'CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE'.split(' '),
);

/**
 * A method as the conventions want it: what is unknown could be anything, and must not become a name of its own.
 *
 * @param method as the client sent it
 */
export function toKnownMethod(method: string): string {
  return KNOWN.has(method) ? method : '_OTHER';
}
