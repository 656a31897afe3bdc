/** What a call of `fetch` asks for, read without touching what the caller has. */
export interface FetchCall {
  readonly method: string;
  readonly url: URL;
  readonly callerTraceparent: string | null;
  /** `no-cors` requests may only carry a few headers, and the browser drops ours silently. */
  readonly canCarryHeaders: boolean;
  /** Whether the caller has given the request up by now. */
  isAborted(): boolean;
  /**
   * The arguments for the browser.
   *
   * @param added headers to add; new objects carry them, the caller's stay as they are
   */
  toArguments(added: readonly (readonly [name: string, value: string])[]): readonly unknown[];
}

/** The parts of `RequestInit` that are read. */
interface Init {
  readonly method?: unknown;
  readonly mode?: unknown;
  readonly headers?: HeadersInit | undefined;
  readonly signal?: AbortSignal | null;
}

/**
 * Reads the arguments of `fetch`: text, a `URL`, a `Request` or anything that becomes text, with or without options.
 *
 * @param args as the caller gave them
 * @param baseUrl what relative addresses are relative to
 * @returns `undefined` for what the browser must judge itself: no address, or options that it will refuse
 */
export function parseFetchCall(args: readonly unknown[], baseUrl: string): FetchCall | undefined {
  const [input, rawInit, ...rest] = args;
  if (!args.length || (rawInit != null && typeof rawInit !== 'object')) return undefined;
  const init: Init | undefined = rawInit ?? undefined;
  const request = isRequest(input) ? input : undefined;
  try {
    // As the browser makes text of it: a symbol is refused.
    const text = request ? request.url : ''.concat(input as string);
    const url = new URL(text, baseUrl);
    // Options win over the request that they come with, headers as a whole.
    const given = init?.headers;
    const copy = given === undefined ? undefined : new Headers(given);
    // What can be read only once has been read now.
    const isReadUp = isOneTime(given) || (!request && typeof input === 'object');
    const signal = init?.signal === undefined ? request?.signal : init.signal;
    return {
      method: String(init?.method ?? request?.method ?? 'GET').toUpperCase(),
      url,
      callerTraceparent: (copy ?? request?.headers)?.get('traceparent') ?? null,
      canCarryHeaders: (init?.mode ?? request?.mode) !== 'no-cors',
      isAborted: () => signal?.aborted === true,
      toArguments(added) {
        if (!added.length && !isReadUp) return args;
        const own = copy ?? new Headers(request?.headers);
        for (const [name, value] of added) if (!own.has(name)) own.set(name, value);
        return [request ?? text, withHeaders(init, own, request), ...rest];
      },
    };
  } catch {
    return undefined;
  }
}

/** Options like the caller's but for the headers. */
function withHeaders(init: Init | undefined, headers: Headers, request: Request | undefined): object {
  // Any options at all make the browser forget the referrer of a request that they come with, so that is said again.
  if (!init && request) {
    return { headers, referrer: request.referrer, referrerPolicy: request.referrerPolicy };
  }
  if (!init || isPlain(init)) return { ...init, headers };
  // An object of a class, or a `Request` used as options: its members may be inherited or know only their own object.
  // (A proxy may not lie about a frozen object, so there it stands before an empty one.)
  return new Proxy(Object.isFrozen(init) ? {} : init, {
    get: (_target, key) => (key === 'headers' ? headers : (Reflect.get(init, key) as unknown)),
  });
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** By its brand and not its constructor: a request may come from another frame. */
function isRequest(value: unknown): value is Request {
  return Object.prototype.toString.call(value) === '[object Request]';
}

/** Whether headers may be gone when they have been read: any iterable that is neither a list nor `Headers`. */
function isOneTime(headers: unknown): boolean {
  return (
    typeof headers === 'object' &&
    headers !== null &&
    Symbol.iterator in headers &&
    !Array.isArray(headers) &&
    Object.prototype.toString.call(headers) !== '[object Headers]'
  );
}
