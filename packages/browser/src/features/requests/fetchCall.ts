import { isBranded } from '../../platform/isBranded.ts';
import type { ParseUrl } from '../../platform/parseUrl.ts';
import { toReadable } from './fetchInit.ts';

/** What a call of `fetch` asks for, read without touching what the caller has. */
export interface FetchCall {
  readonly via: 'fetch';
  readonly method: string;
  readonly url: URL;
  readonly callerTraceparent: string | null | undefined;
  /** `no-cors` requests may only carry a few headers, and the browser drops ours silently. */
  readonly canCarryHeaders: boolean;
  /** Whether it can be sent twice: it has no body, and asking changes nothing. */
  readonly canResend: boolean;
  /** As the caller has given it, never consumed; a request that may have a body stands for it. */
  readonly body: unknown;
  /** Whether the caller has given the request up by now. */
  readonly isAborted: () => boolean;
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
  const request = isBranded(input, 'Request') ? (input as Request) : undefined;
  try {
    const init = toReadable(rawInit);
    // Options win over the request that they come with, headers as a whole.
    const {
      headers,
      method = request?.method ?? 'GET',
      mode = request?.mode,
      signal = request?.signal,
      body,
    } = init;
    // As the browser makes text of it: a symbol is refused.
    const text = request ? request.url : ''.concat(input as string);
    const url = parseUrl(text);
    const isOneTime = headers !== undefined && Symbol.iterator in headers && !Array.isArray(headers);
    const given = isOneTime ? [...(headers as Iterable<[string, string]>)] : headers;
    let own = request?.headers;
    let refused: HeadersInit | undefined;
    try {
      if (given) own = new Headers(given);
    } catch (error) {
      // The browser reads them again and refuses them itself; what it cannot read again is handed on.
      if (!isOneTime) throw error;
      refused = given;
    }
    // What can be read only once has been read now.
    const isData = !rawInit || init === rawInit;
    const isReadUp = !isData || isOneTime || (!request && typeof input === 'object');
    const canResend = /^(?:GET|HEAD)$/i.test(method as string);
    return {
      via: 'fetch',
      method: String(method),
      canResend,
      body: body ?? (canResend ? undefined : request),
      url,
      callerTraceparent: own?.get('traceparent'),
      canCarryHeaders: mode !== 'no-cors',
      isAborted: () => signal?.aborted === true,
      toArguments(added) {
        if (!added.length && !isReadUp) return args;
        // Any options at all make the browser forget the referrer of a request that they come with.
        const isEmpty = request && isData && Object.values(init).every((value) => value === undefined);
        const sent = {
          __proto__: Object.getPrototypeOf(init) as object,
          ...init,
          ...(isEmpty && { referrer: request.referrer, referrerPolicy: request.referrerPolicy }),
          headers: refused ?? Object.fromEntries([...added, ...(own ?? [])]),
        };
        return [request ?? text, sent, ...rest];
      },
    };
  } catch {
    return undefined;
  }
}
