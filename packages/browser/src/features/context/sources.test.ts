import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { createSilentSpan } from '@clickspan/shared/tracer';
import { beforeEach, describe, expect, it } from 'vitest';
import { observeCallbackSources } from './callbackSources.ts';
import { createCurrentContext, type CurrentContext } from './currentContext.ts';
import { createFollow } from './promiseSources.ts';

const A = withSpan(
  ROOT_CONTEXT,
  createSilentSpan({ traceId: 'a'.repeat(32), spanId: 'a'.repeat(16), traceFlags: 1 }),
);

type Callback = (...args: unknown[]) => unknown;

let current: CurrentContext;
/** What the platform was asked to call. */
let asked: [callback: unknown, ...rest: unknown[]][];
let expected: [Context, number][];
let window: Record<'setTimeout' | 'setInterval' | 'requestAnimationFrame' | 'queueMicrotask', Callback>;

beforeEach(() => {
  // The page is never idle here: whatever was current stays until something sets it.
  current = createCurrentContext({
    createTaskEnd: () => () => {},
    afterMicrotasks: () => {},
    onTaskEnd: () => {},
  });
  asked = [];
  expected = [];
  const ask: Callback = (...args) => asked.push(args as [unknown]);
  window = { setTimeout: ask, setInterval: ask, requestAnimationFrame: ask, queueMicrotask: ask };
  observeCallbackSources({
    window: window as unknown as Window,
    current,
    expect: (...args) => expected.push(args),
  });
});

/** Calls back as the platform does. */
function callBack(...args: unknown[]): unknown {
  return Reflect.apply(asked.shift()![0] as Callback, window, args);
}

describe('a callback', () => {
  it.each(['setTimeout', 'setInterval', 'requestAnimationFrame', 'queueMicrotask'] as const)(
    'of %s runs with what was current when it was asked for, none included',
    (name) => {
      const seen: Context[] = [];
      window[name](() => seen.push(current.get()));
      current.enter(A);
      window[name](() => seen.push(current.get()));
      // The task of A has left its context behind; what was asked for without a cause must not see it.
      callBack();
      current.enter(ROOT_CONTEXT);
      callBack();
      expect(seen).toEqual([ROOT_CONTEXT, A]);
    },
  );

  it('gets its arguments, its this, and its errors go on', () => {
    window.setTimeout(
      function (this: unknown, ...args: unknown[]) {
        expect(this).toBe(window);
        expect(args).toEqual([1, 2]);
        throw new RangeError('own');
      },
      5,
      1,
      2,
    );
    expect(asked[0]!.slice(1)).toEqual([5, 1, 2]);
    expect(() => callBack(1, 2)).toThrow(RangeError);
  });

  it('that is text is passed on as it is', () => {
    // oxlint-disable-next-line typescript/no-implied-eval -- what a page may do
    window.setTimeout('text', 5);
    expect(asked).toEqual([['text', 5]]);
  });

  it('of a timer is told as something to come', () => {
    current.enter(A);
    window.setTimeout(() => {}, 40);
    window.setTimeout(() => {});
    window.setInterval(() => {}, 40);
    expect(expected).toEqual([
      [A, 40],
      [A, 0],
    ]);
  });
});

describe('a followed promise', () => {
  it('sets what was current when it was asked for before the page goes on', async () => {
    current.enter(A);
    const promise = createFollow(current)(Promise.resolve('value'));
    current.enter(ROOT_CONTEXT);
    expect(await promise.then((value) => [value, current.get()])).toEqual(['value', A]);
  });

  it('rejects with the same reason, and holds its action until it has settled', async () => {
    const reason = new Error('own');
    const log: unknown[] = [];
    const follow = createFollow(current, (context) => {
      log.push(context);
      return () => log.push('released');
    });
    current.enter(A);
    const promise = follow(Promise.reject(reason), { onError: (error) => log.push(error) });
    await expect(promise).rejects.toBe(reason);
    expect(log).toEqual([A, reason, 'released']);
  });

  it('keeps what others have put onto it', async () => {
    const cancel = (): void => {};
    const promise = createFollow(current)(Object.assign(Promise.resolve(1), { cancel }));
    expect(promise.cancel).toBe(cancel);
    expect(await promise).toBe(1);
  });

  it('hands on what is no promise, and waits for nothing', () => {
    // oxlint-disable-next-line unicorn/no-thenable -- what a page's stand-in may give
    const thenable = { then: () => 'not a promise' };
    const seen: unknown[] = [];
    for (const value of [7, undefined, thenable]) {
      expect(createFollow(current)(value, { onValue: (given) => seen.push(given) })).toBe(value);
    }
    expect(seen).toEqual([7, undefined, thenable]);
  });
});
