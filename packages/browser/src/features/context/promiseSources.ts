import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { isBranded } from '../../platform/isBranded.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import { withExtras } from '../../platform/withExtras.ts';
import type { CurrentContext } from './currentContext.ts';

/** What else to do when a promise settles; runs with the context set, before any of the page's reactions. */
export interface SettlingObserver {
  /** Gives what the promise settles with instead of an error. */
  readonly recover?: ((error: unknown) => unknown) | undefined;
  readonly onValue?: (value: unknown) => void;
  readonly onError?: (error: unknown) => void;
}

/** Hands out the promise that settles with the context in which it was asked for. */
export type Follow = <T>(promise: T, observer?: SettlingObserver) => T;

/**
 * Makes the function that ties a promise of the browser to the current context. It returns the *derived* promise, so a
 * rejection that nobody handles stays unhandled, and our reaction, being the first, runs before any of the page's.
 *
 * @param current where the context is set
 * @param hold keeps the action of a context open until the function that it returns is called
 */
export function createFollow(current: CurrentContext, hold?: (context: Context) => () => void): Follow {
  return (promise, { recover, onValue, onError } = {}) => {
    if (!isBranded(promise, 'Promise')) {
      // A function that the page has put in place of the browser's; what it gives is not waited for.
      onValue?.(promise);
      return promise;
    }
    const asked = current.get();
    const release = hold?.(asked);
    const settled = (outcome: unknown, tell?: (outcome: unknown) => void): void => {
      current.resume(asked, true);
      tell?.(outcome);
      release?.();
    };
    const original = promise as Promise<unknown>;
    // Our own reaction is nobody's waiting.
    const followed = current.runWith(ROOT_CONTEXT, () =>
      (recover ? original.then(undefined, recover) : original).then(
        (value) => {
          settled(value, onValue);
          return value;
        },
        (error: unknown) => {
          settled(error, onError);
          throw error;
        },
      ),
    );
    const derived = withExtras(followed, original);
    current.ask(derived);
    return derived as typeof promise;
  };
}

/** The promises of a body as a whole. */
const BODY_METHODS: readonly string[] = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'];

/**
 * Follows the promises that a `Response` gives for its body. The body itself is never touched.
 *
 * @param follow for a whole body, which is awaited
 * @param followChunk for a part of one: a stream may go on for ever, so no action stays open for it
 * @returns undo it
 */
export function observePromiseSources(
  window: Window & typeof globalThis,
  follow: Follow,
  followChunk: Follow,
): (() => void)[] {
  const patch = (owner: object | undefined, name: string, follows: Follow): (() => void) =>
    patchMethod(owner, name, (original, self, args) => follows(Reflect.apply(original, self, args)));
  const { Response, ReadableStreamDefaultReader } = window;
  return [
    ...BODY_METHODS.map((name) => patch(Response?.prototype, name, follow)),
    patch(ReadableStreamDefaultReader?.prototype, 'read', followChunk),
  ];
}
