/** Decides whether a request may carry `traceparent`. */
export type ShouldPropagate = (url: URL) => boolean;

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
  const toRules = (targets: readonly PropagationTarget[]): ShouldPropagate[] =>
    targets.flatMap((target) => {
      if (typeof target === 'function') return target;
      const prefix = toHttpUrl(target);
      if (prefix) return (url) => fits(prefix, url);
      warn('An entry of propagateTo or neverPropagateTo is no http address; it is ignored.');
      return [];
    });
  const allowed = toRules(rules.propagateTo);
  const excepted = toRules(rules.neverPropagateTo);
  return (url) =>
    ((rules.propagateSameOrigin && url.origin === pageOrigin && pageOrigin !== 'null') ||
      allowed.some((isAllowed) => isAllowed(url))) &&
    !excepted.some((isExcepted) => isExcepted(url));
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
