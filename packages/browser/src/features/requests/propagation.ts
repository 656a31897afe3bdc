/** Decides whether a request may carry `traceparent`. */
export type ShouldPropagate = (url: URL) => boolean;

/** Where trace context may go. */
export interface PropagationRules {
  /** Other origins, or origins with the beginning of a path. */
  readonly propagateTo: readonly string[];
  /** Exceptions, in the same form. */
  readonly neverPropagateTo: readonly string[];
  readonly propagateSameOrigin: boolean;
}

/**
 * Makes the decision where to propagate. An entry fits by its exact origin, and when it has a path, by whole parts of it:
 * `https://a.example/api` fits `/api` and `/api/x`, neither `/apix` nor `https://evil.example/?https://a.example/api`.
 *
 * @param pageOrigin the text `null` where the page has none, as in a sandbox
 * @param warn told about entries that are no address
 */
export function createPropagation(
  rules: PropagationRules,
  pageOrigin: string,
  warn: (message: string) => void,
): ShouldPropagate {
  const toPrefixes = (entries: readonly string[]): URL[] =>
    entries.flatMap((entry) => {
      const prefix = toHttpUrl(entry);
      if (!prefix) warn('An entry of propagateTo or neverPropagateTo is no http address; it is ignored.');
      return prefix ?? [];
    });
  const allowed = toPrefixes(rules.propagateTo);
  const excepted = toPrefixes(rules.neverPropagateTo);
  return (url) =>
    ((rules.propagateSameOrigin && url.origin === pageOrigin && pageOrigin !== 'null') ||
      allowed.some((prefix) => fits(prefix, url))) &&
    !excepted.some((prefix) => fits(prefix, url));
}

function toHttpUrl(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return url.origin === 'null' ? undefined : url;
  } catch {
    return undefined;
  }
}

function fits({ origin, pathname }: URL, url: URL): boolean {
  const folder = pathname.replace(/\/?$/, '/');
  return url.origin === origin && (url.pathname === pathname || url.pathname.startsWith(folder));
}
