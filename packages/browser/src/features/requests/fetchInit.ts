/** The parts of `RequestInit` that are read. */
export interface FetchInit {
  readonly method?: unknown;
  readonly mode?: unknown;
  readonly body?: unknown;
  readonly headers?: HeadersInit | undefined;
  readonly signal?: AbortSignal | null;
}

/** What options inherit that a caller has not given: nothing, even where `Object.prototype` was tampered with. */
const NO_INIT: FetchInit = Object.create(Object.create(null) as object) as FetchInit;

/**
 * Options that can be read and copied without effect and loss: the given ones, when they are only data; or a copy of their
 * own members, each read once, which inherits the others from them. They are read at the object itself: a class or a
 * `Request` answers at nothing else.
 */
export function toReadable(init: FetchInit | null | undefined): FetchInit {
  if (!init) return NO_INIT;
  const isPlain =
    Object.getPrototypeOf(init) === Object.prototype &&
    Object.values(Object.getOwnPropertyDescriptors(init)).every(
      (property) => property.enumerable && 'value' in property,
    );
  if (isPlain) return init;
  const inherited = new Proxy(init, { get: (target, key) => Reflect.get(target, key) as unknown });
  return { __proto__: inherited, ...init } as FetchInit;
}
