import type { Guard } from '../../platform/guard.ts';
import type { ParseUrl } from '../../platform/parseUrl.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import { withExtras } from '../../platform/withExtras.ts';
import { parseFetchCall } from './fetchCall.ts';
import type { Requests, TrackedRequest } from './trackRequests.ts';

/** What observing `fetch` needs. */
export interface FetchDeps {
  readonly window: Window;
  readonly guard: Guard;
  readonly parseUrl: ParseUrl;
  readonly requests: Requests;
  /** Ties a promise to the current context; see `createFollow`. */
  readonly follow: <T>(promise: T, observer?: FetchObserver) => T;
}

/** What happens to the promise of `fetch`. */
export interface FetchObserver {
  readonly onValue: (value: unknown) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Wraps `fetch`: each call gets a span and, where it may, `traceparent`. The page gets the browser's own `Response`; its
 * body is neither read nor cloned.
 *
 * @returns undoes it
 */
export function observeFetch({ window, guard, parseUrl, requests, follow }: FetchDeps): () => void {
  return patchMethod(window, 'fetch', (original, self, args) => {
    const started = guard(() => {
      const call = parseFetchCall(args, parseUrl);
      const request = call && requests.start(call);
      return { call, request, args: call ? call.toArguments(request?.headers ?? []) : args };
    });
    const request = started?.request;
    const sentArgs = started?.args ?? args;
    const isAborted = (): boolean => started?.call?.isAborted() === true;
    const failed = (error: unknown): void => {
      guard(() => request?.failed(toErrorType(error, isAborted())));
    };
    let promise: unknown;
    try {
      promise = Reflect.apply(original, self, sentArgs);
    } catch (error) {
      // The browser's own never throws; one that the page has put there may.
      failed(error);
      throw error;
    }
    guard(() => {
      request?.sent();
      const resend = request?.resend;
      if (!resend || !(promise instanceof Promise)) return;
      const send = (): Promise<Response> =>
        Reflect.apply(original, self, started!.call!.toArguments([]) as unknown[]) as Promise<Response>;
      const caught = promise.catch((error: unknown) => {
        if (toErrorType(error, isAborted()) !== 'TypeError') throw error;
        return resend({ send, isAborted }, error);
      });
      promise = withExtras(caught, promise);
    });
    return follow(promise, {
      onValue(response) {
        guard(() => request && reportResponse(request, response));
      },
      onError: failed,
    });
  });
}

/** The page may have put a `fetch` of its own in place, whose answer can be anything. */
function reportResponse(request: TrackedRequest, response: unknown): void {
  const { status, headers } = (response ?? {}) as Partial<Response>;
  request.responded(status ?? 0, headers?.get?.('server-timing') ?? null);
}

/** A caller may give up with any reason; only a time limit is worth telling as an error. */
function toErrorType(error: unknown, isAborted = false): string {
  const { name } = (error ?? {}) as Partial<Error>;
  if (name === 'AbortError' || (isAborted && name !== 'TimeoutError')) return 'abort';
  return typeof name === 'string' && name ? name : 'Error';
}
