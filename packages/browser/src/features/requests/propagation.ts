/** Decides whether a request may carry `traceparent`. */
export type ShouldPropagate = (url: URL) => boolean;

/** Where trace context may go. */
export interface PropagationRules {
  /** The page's origin; `null` as text where it has none, as in a sandbox. */
  readonly pageOrigin: string;
  /** Other origins, or origins with the beginning of a path. */
  readonly to: readonly string[];
  /** Exceptions, in the same form. */
  readonly neverTo: readonly string[];
  readonly sameOrigin: boolean;
  /** Told about entries that are no address. */
  readonly warn: (message: string) => void;
}

interface Prefix {
  readonly origin: string;
  readonly path: string;
}

/**
 * Makes the decision where to propagate. An entry fits by its exact origin, and when it has a path, by whole parts of it:
 * `https://a.example/api` fits `/api` and `/api/x`, neither `/apix` nor `https://evil.example/?https://a.example/api`.
 */
export function createPropagation(rules: PropagationRules): ShouldPropagate {
  const toPrefixes = (entries: readonly string[]): Prefix[] =>
    entries.flatMap((entry) => toPrefix(entry, rules) ?? []);
  const allowed = toPrefixes(rules.to);
  const excepted = toPrefixes(rules.neverTo);
  const { pageOrigin } = rules;
  return (url) =>
    ((rules.sameOrigin && url.origin === pageOrigin && pageOrigin !== 'null') ||
      allowed.some((prefix) => fits(prefix, url))) &&
    !excepted.some((prefix) => fits(prefix, url));
}

function toPrefix(entry: string, { warn }: PropagationRules): Prefix | undefined {
  try {
    const { origin, pathname } = new URL(entry);
    if (origin !== 'null') return { origin, path: pathname };
  } catch {
    // Told below.
  }
  warn('An entry of propagateTo or neverPropagateTo is no http address; it is ignored.');
  return undefined;
}

function fits({ origin, path }: Prefix, url: URL): boolean {
  if (url.origin !== origin || !url.pathname.startsWith(path)) return false;
  return path.endsWith('/') || url.pathname.length === path.length || url.pathname[path.length] === '/';
}
