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

/** What we know of an XHR object since it was opened; it may be used again and again. */
interface XhrState {
  readonly method: string;
  /** As the browser has resolved it on opening; the page may have another address when it sends. */
  readonly url: URL;
  callerTraceparent?: string;
  /** What was current when the request was sent. */
  asked?: Context;
  request?: TrackedRequest | undefined;
}

const CHANGE = 'readystatechange';

/**
 * Wraps `XMLHttpRequest`: each request gets a span and, where it may, `traceparent`; its events run with the context in
 * which it was sent.
 *
 * @returns undoes it
 */
export function observeXhr(deps: XhrDeps): () => void {
  const { window, guard, parseUrl, listen, current } = deps;
  const { prototype } = window.XMLHttpRequest;
  /** By object; nothing yet for one that was not opened. */
  const states = new WeakMap<XMLHttpRequest, XhrState | undefined>();
  // oxlint-disable-next-line typescript/unbound-method -- called with its object below
  const setHeader = prototype.setRequestHeader;

  const finish = (xhr: XMLHttpRequest, state: XhrState, how: string): void => {
    const { request } = state;
    const { status } = xhr;
    if (!request || (!status && how === CHANGE)) return;
    state.request = undefined;
    if (status) request.responded(status, toServerTimingHeader(xhr));
    else request.failed(how);
  };

  const onEvent = ({ type, currentTarget }: Event): void => {
    const xhr = currentTarget as XMLHttpRequest;
    const state = states.get(xhr);
    // A page may dispatch events of its own at an object that it has not opened.
    if (!state) return;
    // Every task of a request begins with a change. The first is part of the call that opens.
    if (type === CHANGE && state.asked && xhr.readyState > xhr.OPENED) current.enter(state.asked, true);
    // An answer ends it before `load`, in a listener of which the page may use the object for the next request; so may one
    // that came before ours. Failures have no status, and their event tells which it is.
    if (xhr.readyState === xhr.DONE) finish(xhr, state, type);
  };

  /** Never listens at `upload`: that alone causes a preflight. */
  const watch = (xhr: XMLHttpRequest): void => {
    states.set(xhr, undefined);
    for (const type of [CHANGE, 'error', 'abort', 'timeout']) listen(xhr, type, onEvent);
  };

  /** The call is made with the context kept: it may dispatch events by itself, and whatever these set is put back. */
  const patch = (
    name: string,
    replacement: (xhr: XMLHttpRequest, args: unknown[], call: () => unknown) => unknown,
  ): (() => void) =>
    patchMethod(prototype, name, (original, self, args) =>
      replacement(self as XMLHttpRequest, args, () =>
        current.runWith(current.get(), () => Reflect.apply(original, self, args)),
      ),
    );

  const stops = [
    // At an object that is no node, listeners run in the order in which they came: ours come first of all.
    patchMethod(window, 'XMLHttpRequest', (create, _self, args) => {
      const xhr = create(...args) as XMLHttpRequest;
      guard(() => watch(xhr));
      return xhr;
    }),
    patch('open', (xhr, [method, url], call) => {
      const result = call();
      guard(() => {
        const before = states.get(xhr);
        // Opening again gives up a request that is on its way, without an event.
        before?.request?.failed('abort');
        // One that was made before us, or by a class that the page has kept. Its listeners stay where they are.
        if (!states.has(xhr)) watch(xhr);
        states.set(xhr, { method: String(method), url: parseUrl(String(url)) });
      });
      return result;
    }),
    patch('setRequestHeader', (xhr, [name, value], call) => {
      const result = call();
      guard(() => {
        const state = states.get(xhr);
        if (state && String(name).toLowerCase() === 'traceparent') state.callerTraceparent = String(value);
      });
      return result;
    }),
    patch('send', (xhr, [body], call) => {
      const state = states.get(xhr);
      const isNew = state && !state.request && xhr.readyState === xhr.OPENED;
      const request = guard(() => {
        if (!isNew) return undefined;
        const { method, url, callerTraceparent } = state;
        state.asked = current.ask();
        state.request = deps.requests.start({
          via: 'xhr',
          method,
          url,
          callerTraceparent,
          canCarryHeaders: true,
          body,
        });
        for (const [name, value] of state.request?.headers ?? []) setHeader.call(xhr, name, value);
        return state.request;
      });
      try {
        return call();
      } catch (error) {
        // A synchronous request that fails, or a call that the browser refuses.
        if (isNew) guard(() => finish(xhr, state, (error as Error).name));
        throw error;
      } finally {
        guard(() => request?.sent());
      }
    }),
    patch('abort', (_xhr, _args, call) => call()),
  ];
  return () => stops.forEach((stop) => stop());
}

/** Asking for one header that is hidden prints an error in Chromium; the list of all has what may be seen. */
function toServerTimingHeader(xhr: XMLHttpRequest): string | undefined {
  return /^server-timing:(.*)$/im.exec(xhr.getAllResponseHeaders())?.[1];
}
