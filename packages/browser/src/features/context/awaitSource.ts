import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { patchMethod } from '../../platform/patchMethod.ts';
import type { CurrentContext } from './currentContext.ts';

/** Whoever awaits more in one task awaits what is there: nothing needs to be set for that, and the page shall not pay. */
const MAX_IN_TASK = 500;

/** What seeing `await` needs. */
export interface AwaitDeps {
  readonly window: Window & typeof globalThis;
  readonly current: CurrentContext;
  /** Calls back behind the microtasks that wait by now. */
  readonly afterMicrotasks: (run: () => void) => void;
}

/**
 * Sees what waits for a promise, `await` included: the language asks a promise for its `constructor` before it adds a
 * reaction. Where nothing else will set the context, two reactions of ours go around that one.
 *
 * A promise that waits for what was asked for in the same breath, such as `fetch`, is left alone: its task sets the context,
 * and engines leave callers out of `Error.stack` when an async function's promise has more than one reaction. Which promise
 * waits for which cannot be known, so it is told by order and number (ADR 7).
 *
 * @returns undoes it
 */
export function observeAwaits({ window, current, afterMicrotasks }: AwaitDeps): (() => void) | undefined {
  const { Promise } = window;
  const { prototype } = Promise;
  // oxlint-disable-next-line typescript/unbound-method -- called with its object below
  const { then } = prototype;
  /** Who was first to wait for a promise. */
  const firsts = new WeakMap<object, Context>();
  let isOurs = false;
  /** How many reactions of what is running now are still to come. */
  let waiting: { count: number } | undefined;
  /** Whether the reaction that runs now waits for something itself. */
  let goesOn = false;

  let task: number | undefined;
  let left = 0;

  const react = (promise: Promise<unknown>, reaction: () => void): void => {
    isOurs = true;
    try {
      void then.call(promise, reaction, reaction);
    } finally {
      isOurs = false;
    }
  };
  /** Whether a promise is of what was asked for, or may be of an async function that waits for nothing else. */
  const isLeftAlone = (promise: unknown): boolean | undefined => {
    const asked = current.asked();
    if (!asked) return undefined;
    const isJoined = promise === asked.joining;
    if (isJoined) asked.joined++;
    const isOwn = asked.promises.has(promise);
    // Before something waits for what was asked for, no code of the page can run behind it. And where more promises were put
    // together than things were asked for, one of them waits for something else.
    const isDerived = asked.isAwaited && (isJoined || asked.joined <= asked.promises.size);
    if (isOwn || !isJoined) asked.isAwaited = true;
    return isOwn || isDerived;
  };
  const seen = (promise: Promise<unknown>): void => {
    const asked = current.get();
    const first = firsts.get(promise);
    goesOn = true;
    if (task !== current.task()) {
      task = current.task();
      left = MAX_IN_TASK;
    }
    // What has no action is of interest only where it waits together with one.
    if (!first && (asked === ROOT_CONTEXT || !left)) return;
    left--;
    if (!first) firsts.set(promise, asked);
    if (isLeftAlone(promise) && (first ?? asked) === asked) return;
    // What waits for this may be left alone, so this is the last that is seen.
    const mine = current.asked() ? { count: 0 } : (waiting ??= { count: 0 });
    let over: (isLast: boolean) => void;
    react(promise, () => {
      mine.count--;
      goesOn = false;
      over = current.switchTo(asked);
    });
    mine.count++;
    afterMicrotasks(() => {
      waiting = undefined;
      react(promise, () => over(!mine.count && !goesOn));
    });
  };

  const original = Object.getOwnPropertyDescriptor(prototype, 'constructor')!;
  const isSeeing = Reflect.defineProperty(prototype, 'constructor', {
    configurable: true,
    get(this: Promise<unknown>) {
      if (!isOurs) {
        try {
          seen(this);
        } catch {
          // Not a promise: something that inherits from one.
        }
      }
      return Promise;
    },
    // As if there were none: what inherits gets a property of its own.
    set(this: object, value: unknown) {
      Object.defineProperty(this, 'constructor', {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    },
  });
  // The page has frozen it: it wants no one to touch it.
  if (!isSeeing) return undefined;
  // It asks for the constructor too, but may add no reaction; ours would make a rejection count as handled.
  const stop = patchMethod(Promise, 'resolve', (resolve, self, args) => {
    isOurs = true;
    const asked = current.asked();
    if (asked) [asked.joining] = args;
    try {
      return Reflect.apply(resolve, self, args);
    } finally {
      isOurs = false;
    }
  });
  return () => {
    stop();
    void Object.defineProperty(prototype, 'constructor', original);
  };
}
