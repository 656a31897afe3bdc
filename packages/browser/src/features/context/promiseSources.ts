import type { Context } from '@opentelemetry/api';
import { patchMethod } from '../../platform/patchMethod.ts';
import type { CurrentContext } from './currentContext.ts';

/** What following promises needs. */
export interface PromiseSourcesDeps {
  readonly window: Window & typeof globalThis;
  readonly current: CurrentContext;
  /** Keeps the action of a context open; the returned function lets it go. */
  readonly hold: (context: Context) => () => void;
}

/** What else to do when a promise settles; runs with the context set, before any of the page's reactions. */
export interface SettlingObserver {
  readonly onValue?: (value: unknown) => void;
  readonly onError?: (error: unknown) => void;
}

/** Hands out the promise that settles with the context in which it was asked for. */
export type Follow = <T>(promise: T, observer?: SettlingObserver) => T;

/**
 * Makes the function that ties a promise of the browser to the current context. It returns the *derived* promise, so a
 * rejection that nobody handles stays unhandled, and our reaction, being the first, runs before any of the page's.
 */
export function createFollow({ current, hold }: Omit<PromiseSourcesDeps, 'window'>): Follow {
  return (promise, observer) => {
    const asked = current.get();
    if (!isThenable(promise)) return promise;
    const release = hold(asked);
    return promise.then(
      (value) => {
        current.resume(asked, true);
        observer?.onValue?.(value);
        release();
        return value;
      },
      (error: unknown) => {
        current.resume(asked, true);
        observer?.onError?.(error);
        release();
        throw error;
      },
    ) as typeof promise;
  };
}

/**
 * Follows the promises that a `Response` gives for its body. The body itself is never touched.
 *
 * @returns undoes it
 */
export function observePromiseSources(window: PromiseSourcesDeps['window'], follow: Follow): () => void {
  const sources: [owner: object | undefined, names: readonly string[]][] = [
    [window.Response?.prototype, ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text']],
    [window.ReadableStreamDefaultReader?.prototype, ['read']],
  ];
  const stops = sources.flatMap(([owner, names]) =>
    names.map((name) =>
      patchMethod(owner, name, (original, self, args) => follow(Reflect.apply(original, self, args))),
    ),
  );
  return () => stops.forEach((stop) => stop());
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | undefined)?.then === 'function';
}
