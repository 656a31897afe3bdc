/**
 * Puts off making something until it is first asked for: a page's start waits for all that is made at once.
 *
 * @param make called once
 */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
