import type { Context } from '@opentelemetry/api';
import { patchMethod, type Callable } from '../../platform/patchMethod.ts';
import type { CurrentContext } from './currentContext.ts';

/** A function that takes a callback first and calls it later. */
interface CallbackSource {
  readonly name: string;
  /** `task`: called as a task of its own. `microtask`: called among the microtasks of the current task. */
  readonly called: 'task' | 'microtask';
  /** Whether the second argument is a delay in ms. */
  readonly hasDelay?: boolean;
}

/** The sources on `window`; `setInterval` and animation frames go on forever, so they keep no action open. */
const WINDOW_SOURCES: readonly CallbackSource[] = [
  { name: 'setTimeout', called: 'task', hasDelay: true },
  { name: 'setInterval', called: 'task' },
  { name: 'requestAnimationFrame', called: 'task' },
  { name: 'requestIdleCallback', called: 'task' },
  { name: 'queueMicrotask', called: 'microtask' },
];

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
 * @returns undoes it
 */
export function observeCallbackSources({ window, current, expect }: CallbackSourcesDeps): () => void {
  const stops = WINDOW_SOURCES.map(({ name, called, hasDelay }) =>
    patchMethod(window, name, (original, self, args) => {
      const [callback, delay] = args;
      // Text to be evaluated is passed on, and so is what the browser will refuse.
      if (typeof callback !== 'function') return Reflect.apply(original, self, args);
      const asked = current.get();
      if (hasDelay) expect(asked, typeof delay === 'number' ? delay : 0);
      const wrapped = function (this: unknown, ...values: unknown[]): unknown {
        if (called === 'task') current.enter(asked);
        else current.resume(asked);
        return Reflect.apply(callback as Callable, this, values);
      };
      return Reflect.apply(original, self, [wrapped, ...args.slice(1)]);
    }),
  );
  return () => stops.forEach((stop) => stop());
}
