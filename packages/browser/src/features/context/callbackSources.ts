import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { patchMethod, type Callable } from '../../platform/patchMethod.ts';
import type { CurrentContext } from './currentContext.ts';

/**
 * What takes a callback first. `setInterval` and animation frames go on forever, so they keep no action open. Observers are
 * called in the middle of a frame for whatever has changed, so their cause is not known; those of mutations, which belong to
 * the task that made them, are no source.
 */
const SOURCES: readonly string[] =
  'setTimeout setInterval requestAnimationFrame requestIdleCallback postTask queueMicrotask ResizeObserver IntersectionObserver'.split(
    ' ',
  );

/** What wrapping callbacks needs. */
export interface CallbackSourcesDeps {
  readonly window: Window;
  readonly current: CurrentContext;
  /** Told that a context may go on after a while. */
  readonly expect: (context: Context, delayMs: number) => void;
}

/**
 * Wraps what calls back: each callback starts with the context that was current when it was asked for, none included.
 *
 * @returns undo it
 */
export function observeCallbackSources({ window, current, expect }: CallbackSourcesDeps): (() => void)[] {
  const { scheduler } = window as { readonly scheduler?: object };
  return SOURCES.map((name) =>
    patchMethod(name === 'postTask' ? scheduler : window, name, (original, self, args) => {
      const [callback, delay] = args;
      // Text to be evaluated is passed on, and so is what the browser will refuse.
      if (typeof callback !== 'function') return Reflect.apply(original, self, args);
      const asked = name.endsWith('Observer') ? ROOT_CONTEXT : current.get();
      const resume = name === 'queueMicrotask' ? current.later(true) : undefined;
      if (name === 'setTimeout') expect(asked, typeof delay === 'number' ? delay : 0);
      const wrapped = function (this: unknown, ...values: unknown[]): unknown {
        if (resume) resume();
        else current.enter(asked);
        return Reflect.apply(callback as Callable, this, values);
      };
      return Reflect.apply(original, self, [wrapped, ...args.slice(1)]);
    }),
  );
}
