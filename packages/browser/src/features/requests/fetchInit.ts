/** The parts of `RequestInit` that are read. */
export interface FetchInit {
  readonly method?: unknown;
  readonly mode?: unknown;
  readonly body?: unknown;
  readonly headers?: HeadersInit | undefined;
  readonly signal?: AbortSignal | null;
}

/** Whether options are only data, so that reading and copying them has no effect and loses nothing. */
export function isPlain(init: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(init);
  return (
    (prototype === Object.prototype || prototype === null) &&
    Object.values(Object.getOwnPropertyDescriptors(init)).every(
      (property) => property.enumerable && 'value' in property,
    )
  );
}

/**
 * A view of options of another kind, such as an object of a class or a `Request`: each member is read once, from the
 * object itself, however often it is asked for.
 */
export function toOnceRead(init: FetchInit): FetchInit {
  const values = new Map<PropertyKey, unknown>();
  return new Proxy(init, {
    get(target, key) {
      if (!values.has(key)) values.set(key, Reflect.get(target, key));
      return values.get(key);
    },
  });
}

/**
 * Options like the given ones but for the headers. They inherit what the given ones inherit and not more, so that a page
 * whose `Object.prototype` was tampered with is as safe or unsafe as before.
 *
 * @param init `undefined` when the caller gave none
 * @param request what the options come with
 * @param isData whether the given ones are only data
 */
export function withHeaders(
  init: FetchInit | undefined,
  headers: HeadersInit,
  request: Request | undefined,
  isData: boolean,
): object {
  const isEmpty = isData && Object.values(init ?? {}).every((value) => value === undefined);
  return {
    __proto__: init && isData ? (Object.getPrototypeOf(init) as object | null) : (init ?? null),
    ...init,
    // Any options at all make the browser forget the referrer of a request that they come with, so that is said again.
    ...(isEmpty && request && { referrer: request.referrer, referrerPolicy: request.referrerPolicy }),
    headers,
  };
}
