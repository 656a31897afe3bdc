import type { Context } from '@opentelemetry/api';
import type { Guard } from '../../platform/guard.ts';
import type { Listen } from '../../platform/listen.ts';
import type { ParseUrl } from '../../platform/parseUrl.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import type { Requests, TrackedRequest } from './trackRequests.ts';

/** The part of the current context that XHR uses. */
export interface XhrContext {
  get(): Context;
  ask(): Context;
  enter(context: Context, counts?: boolean): void;
  runWith<T>(context: Context, run: () => T): T;
}

/** What observing XHR needs. */
export interface XhrDeps {
  readonly window: Window & typeof globalThis;
  readonly guard: Guard;
  readonly parseUrl: ParseUrl;
  readonly listen: Listen;
  readonly requests: Requests;
  readonly current: XhrContext;
}

/** What we know of an XHR object; it may be used again and again. */
interface XhrState {
  method: string;
  /** As the browser has resolved it on opening; the page may have another address when it sends. */
  url: URL;
  callerTraceparent: string | null;
  /** What was current when the request was sent. */
  asked?: Context | undefined;
  request?: TrackedRequest | undefined;
}

/** With one of these a request is over. */
const END_EVENTS: readonly string[] = ['load', 'error', 'abort', 'timeout'];

/**
 * Wraps `XMLHttpRequest`: each request gets a span and, where it may, `traceparent`; its events run with the context in
 * which it was sent.
 *
 * @returns undoes it
 */
export function observeXhr({ window, guard, parseUrl, listen, requests, current }: XhrDeps): () => void {
  const prototype = window.XMLHttpRequest?.prototype;
  if (!prototype) return () => {};
  const states = new WeakMap<XMLHttpRequest, XhrState>();
  const listened = new WeakSet<XMLHttpRequest>();
  // oxlint-disable-next-line typescript/unbound-method -- called with its object below
  const setHeader = prototype.setRequestHeader;
  /** Calls that dispatch events by themselves: whatever these set is put back. */
  const keepingContext = (run: () => unknown): unknown => current.runWith(current.get(), run);

  const observeEvents = (xhr: XMLHttpRequest): void => {
    if (listened.has(xhr)) return;
    listened.add(xhr);
    // At an object that is no node, listeners run in the order in which they came. A handler that the page has set before
    // it opens the request, as it may, is set again behind ours.
    const handler = xhr.onreadystatechange;
    if (handler) xhr.onreadystatechange = null;
    // Every task of a request begins with this event. (Never listen at `upload`: that alone causes a preflight.)
    listen(xhr, 'readystatechange', () => {
      const asked = states.get(xhr)?.asked;
      // The first change is part of the call that opens.
      if (asked && xhr.readyState > xhr.OPENED) current.enter(asked, true);
      // Before `load`, in a listener of which the page may use the object for the next request. Failures have no status.
      if (xhr.readyState === xhr.DONE && xhr.status) finish(xhr, states.get(xhr), 'load');
    });
    if (handler) xhr.onreadystatechange = handler;
    for (const type of END_EVENTS) {
      listen(xhr, type, () => {
        // The page's listener may have been before ours, and have begun the next request.
        if (xhr.readyState === xhr.DONE) finish(xhr, states.get(xhr), type);
      });
    }
  };

  const start = (xhr: XMLHttpRequest, state: XhrState, body: unknown): void => {
    state.asked = current.ask();
    const { method, url, callerTraceparent } = state;
    state.request = requests.start({
      via: 'xhr',
      method,
      url,
      callerTraceparent,
      canCarryHeaders: true,
      body,
    });
    for (const [name, value] of state.request?.headers ?? []) setHeader.call(xhr, name, value);
  };

  const stops = [
    patchMethod(prototype, 'open', (original, self, args) => {
      const xhr = self as XMLHttpRequest;
      const result = keepingContext(() => Reflect.apply(original, self, args));
      guard(() => {
        observeEvents(xhr);
        // Opening again gives up a request that is on its way, without an event.
        states.get(xhr)?.request?.failed('abort');
        const [method, url] = args;
        states.set(xhr, {
          method: String(method).toUpperCase(),
          url: parseUrl(String(url)),
          callerTraceparent: null,
        });
      });
      return result;
    }),
    patchMethod(prototype, 'setRequestHeader', (original, self, args) => {
      const result = Reflect.apply(original, self, args);
      guard(() => {
        const state = states.get(self as XMLHttpRequest);
        if (state && String(args[0]).toLowerCase() === 'traceparent')
          state.callerTraceparent = String(args[1]);
      });
      return result;
    }),
    patchMethod(prototype, 'send', (original, self, args) => {
      const xhr = self as XMLHttpRequest;
      const state = states.get(xhr);
      const isNew = state && !state.request && xhr.readyState === xhr.OPENED;
      if (isNew) guard(() => start(xhr, state, args[0]));
      const request = state?.request;
      try {
        return keepingContext(() => Reflect.apply(original, self, args));
      } catch (error) {
        // A synchronous request that fails, or a call that the browser refuses.
        if (isNew) guard(() => finish(xhr, state, (error as Error).name));
        throw error;
      } finally {
        if (isNew) guard(() => request?.sent());
      }
    }),
    patchMethod(prototype, 'abort', (original, self, args) =>
      keepingContext(() => Reflect.apply(original, self, args)),
    ),
  ];
  return () => stops.forEach((stop) => stop());
}

function finish(xhr: XMLHttpRequest, state: XhrState | undefined, how: string): void {
  const request = state?.request;
  if (!request) return;
  state.request = undefined;
  if (how === 'load') request.responded(xhr.status, toServerTimingHeader(xhr));
  else request.failed(how);
}

/** Asking for one header that is hidden prints an error in Chromium; the list of all has what may be seen. */
function toServerTimingHeader(xhr: XMLHttpRequest): string | null {
  return /^server-timing:[ \t]*(.*)$/im.exec(xhr.getAllResponseHeaders())?.[1] ?? null;
}
