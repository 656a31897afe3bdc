/** Decides whether a request may carry `traceparent`. */
export type ShouldPropagate = (url: Pick<URL, 'href' | 'origin' | 'pathname'>) => boolean;

/** An origin, an origin with the beginning of a path, or a function that says it of an address. */
export type PropagationTarget = string | ((url: URL) => boolean);

/** Where trace context may go. */
export interface PropagationRules {
  readonly propagateTo: readonly PropagationTarget[];
  /** Exceptions, in the same form. */
  readonly neverPropagateTo: readonly PropagationTarget[];
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
  const toRule = (target: PropagationTarget): ShouldPropagate => {
    // The page gets an address of its own, with which it may do as it likes.
    if (typeof target === 'function') return ({ href }) => target(new URL(href));
    try {
      const { origin, pathname } = new URL(target);
      const folder = pathname.replace(/\/?$/, '/');
      if (origin !== 'null') {
        return (url) =>
          url.origin === origin && (url.pathname === pathname || url.pathname.startsWith(folder));
      }
    } catch {
      // Neither is it one when it cannot be read.
    }
    warn(`${target} is no http address; it is ignored.`);
    return () => false;
  };
  const allowed = rules.propagateTo.map(toRule);
  const excepted = rules.neverPropagateTo.map(toRule);
  return (url) =>
    ((rules.propagateSameOrigin && url.origin === pageOrigin && pageOrigin !== 'null') ||
      allowed.some((isAllowed) => isAllowed(url))) &&
    !excepted.some((isExcepted) => isExcepted(url));
}
