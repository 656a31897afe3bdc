import type { Guard } from '../../platform/guard.ts';
import type { ParseUrl } from '../../platform/parseUrl.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import { parseFetchCall, type FetchCall } from './fetchCall.ts';
import type { Requests, TrackedRequest } from './trackRequests.ts';

/** What observing `fetch` needs. */
export interface FetchDeps {
  readonly window: Window;
  readonly guard: Guard;
  readonly parseUrl: ParseUrl;
  readonly requests: Requests;
  /** Ties a promise to the current context; see `createFollow`. */
  readonly follow: Follow;
  /** The same, where the request keeps its action open already. */
  readonly followLoosely: Follow;
}

type Follow = <T>(promise: T, observer?: FetchObserver) => T;

/** What happens to the promise of `fetch`. */
export interface FetchObserver {
  /** Gives what comes instead of an error; asked where the promise is the browser's. */
  readonly recover?: ((error: unknown) => unknown) | undefined;
  readonly onValue: (value: unknown) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Wraps `fetch`: each call gets a span and, where it may, `traceparent`. The page gets the browser's own `Response`; its
 * body is neither read nor cloned.
 *
 * @returns undoes it
 */
export function observeFetch(deps: FetchDeps): () => void {
  const { window, guard, parseUrl, follow, followLoosely } = deps;
  return patchMethod(window, 'fetch', (original, self, args) => {
    let call: FetchCall | undefined;
    let request: TrackedRequest | undefined;
    let sentArgs: readonly unknown[] = args;
    const send = (): unknown => Reflect.apply(original, self, sentArgs as unknown[]);
    const onError = (error: unknown): void => {
      guard(() => request?.failed(toErrorType(error, call)));
    };
    guard(() => {
      call = parseFetchCall(args, parseUrl);
      if (!call) return;
      request = deps.requests.start(call);
      sentArgs = call.toArguments(request?.headers ?? []);
    });
    let promise: unknown;
    try {
      promise = send();
    } catch (error) {
      // The browser's own never throws; one that the page has put there may.
      onError(error);
      throw error;
    }
    guard(() => request?.sent());
    const resend = request?.resend;
    return (request ? followLoosely : follow)(promise, {
      recover:
        resend &&
        ((error) => {
          if (toErrorType(error, call) !== 'TypeError') throw error;
          sentArgs = call!.toArguments([]);
          return resend({ send: send as () => Promise<Response>, isAborted: call!.isAborted }, error);
        }),
      onValue(response) {
        // The page may have put a `fetch` of its own in place, whose answer can be anything.
        guard(() => {
          const { status, headers } = (response ?? {}) as Partial<Response>;
          request?.responded(status, headers?.get?.('server-timing'));
        });
      },
      onError,
    });
  });
}

/** A caller may give up with any reason; only a time limit is worth telling as an error. */
function toErrorType(error: unknown, call: FetchCall | undefined): string {
  const { name } = (error ?? {}) as Partial<Error>;
  if (name === 'AbortError' || (name !== 'TimeoutError' && call?.isAborted())) return 'abort';
  return typeof name === 'string' && name ? name : 'Error';
}
