import type { ParseUrl } from '../../platform/parseUrl.ts';
import { isPlain, toOnceRead, withHeaders, type FetchInit } from './fetchInit.ts';

/** What a call of `fetch` asks for, read without touching what the caller has. */
export interface FetchCall {
  readonly via: 'fetch';
  readonly method: string;
  readonly url: URL;
  readonly callerTraceparent: string | null;
  /** `no-cors` requests may only carry a few headers, and the browser drops ours silently. */
  readonly canCarryHeaders: boolean;
  /** Whether it can be sent twice: it has no body, and asking changes nothing. */
  readonly canResend: boolean;
  /** As the caller has given it, never consumed; a request that may have a body stands for it. */
  readonly body: unknown;
  /** Whether the caller has given the request up by now. */
  isAborted(): boolean;
  /**
   * The arguments for the browser.
   *
   * @param added headers to add; new objects carry them, the caller's stay as they are
   */
  toArguments(added: readonly (readonly [name: string, value: string])[]): readonly unknown[];
}

/**
 * Reads the arguments of `fetch`: text, a `URL`, a `Request` or anything that becomes text, with or without options.
 *
 * @param args as the caller gave them
 * @param parseUrl throws where the browser would refuse
 * @returns `undefined` for what the browser must judge itself: no address, or options that it will refuse
 */
export function parseFetchCall(args: readonly unknown[], parseUrl: ParseUrl): FetchCall | undefined {
  const [input, rawInit, ...rest] = args;
  if (!args.length || (rawInit != null && typeof rawInit !== 'object')) return undefined;
  const isData = rawInit == null || isPlain(rawInit);
  const init: FetchInit | undefined = isData ? (rawInit ?? undefined) : toOnceRead(rawInit);
  const request = isRequest(input) ? input : undefined;
  try {
    // As the browser makes text of it: a symbol is refused.
    const text = request ? request.url : ''.concat(input as string);
    const url = parseUrl(text);
    // Options win over the request that they come with, headers as a whole.
    const given = init?.headers;
    const { copy, refused } = readHeaders(given);
    // What can be read only once has been read now.
    const isReadUp = !isData || isOneTime(given) || (!request && typeof input === 'object');
    const method = String(init?.method ?? request?.method ?? 'GET').toUpperCase();
    const canResend = method === 'GET' || method === 'HEAD';
    const signal = init?.signal === undefined ? request?.signal : init.signal;
    return {
      via: 'fetch',
      method,
      canResend,
      body: init?.body ?? (canResend ? undefined : request),
      url,
      callerTraceparent: (copy ?? request?.headers)?.get('traceparent') ?? null,
      canCarryHeaders: (init?.mode ?? request?.mode) !== 'no-cors',
      isAborted: () => signal?.aborted === true,
      toArguments(added) {
        if (!added.length && !isReadUp) return args;
        const own = copy ?? request?.headers;
        // Where there are no others, a plain object is a third of the cost.
        const headers = own ? new Headers(own) : Object.fromEntries(added);
        if (own) for (const [name, value] of added) if (!own.has(name)) (headers as Headers).set(name, value);
        return [request ?? text, withHeaders(init, refused ?? headers, request, isData), ...rest];
      },
    };
  } catch {
    return undefined;
  }
}

/**
 * Copies headers. What is refused although it could be read only once is refused again when the browser reads it.
 *
 * @throws when headers are refused that the browser can read again
 */
function readHeaders(given: HeadersInit | undefined): { copy?: Headers; refused?: HeadersInit } {
  if (given === undefined) return {};
  try {
    return { copy: new Headers(given) };
  } catch (error) {
    if (!isOneTime(given)) throw error;
    const refuse = (): never => {
      throw error;
    };
    return { refused: { [Symbol.iterator]: refuse } };
  }
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
