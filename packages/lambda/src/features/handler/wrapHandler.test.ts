import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { wrapHandler } from './wrapHandler.ts';
import type { Call } from './wrapHandler.ts';

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

function record(): { call: Call; events: unknown[] } {
  const events: unknown[] = [];
  return {
    events,
    call: {
      run: (handler) => handler(),
      leave: (run) => run(),
      succeed: (result) => {
        events.push(['succeed', result]);
        return result;
      },
      fail: (error) => events.push(['fail', error]),
    },
  };
}

describe('wrapHandler', () => {
  it('looks like the handler in everything that can be asked', () => {
    const handler = Object.assign(async function mine(_a: unknown, _b: unknown, _c: unknown) {}, { own: 1 });
    const wrapped = wrapHandler(handler as never, () => undefined) as typeof handler;
    expect([wrapped.length, wrapped.name, wrapped.own]).toEqual([3, 'mine', 1]);
    expect(Object.getPrototypeOf(wrapped)).toBe(Object.getPrototypeOf(handler));
    (wrapped as unknown as Record<symbol, unknown>)[STREAMING] = 'response';
    expect((handler as unknown as Record<symbol, unknown>)[STREAMING]).toBe('response');
  });

  it('does so and runs also where all objects have gained what could be a trap', async () => {
    const names = ['get', 'has', 'apply', 'getOwnPropertyDescriptor'];
    const wrapped = wrapHandler(
      async (...args: unknown[]) => args.length,
      () => record().call,
    );
    const prototype = Object.prototype as Record<string, unknown>;
    let seen: unknown;
    for (const name of names) prototype[name] = 1;
    try {
      seen = [wrapped.length, 'name' in wrapped, await wrapped(1, 2)];
    } finally {
      for (const name of names) delete prototype[name];
    }
    expect(seen).toEqual([0, true, 2]);
  });

  it('hands on this, all arguments, and what comes back', async () => {
    const { call } = record();
    const wrapped = wrapHandler(
      async function (this: unknown, ...args: unknown[]) {
        return [this, args];
      },
      () => call,
    );
    const self = {};
    expect(await wrapped.call(self, 1, 2, 3)).toEqual([self, [1, 2, 3]]);
  });

  it('gives a value where the handler gives one, and a promise where it gives a promise or thenable', async () => {
    const { call, events } = record();
    expect(
      wrapHandler(
        () => 7,
        () => call,
      )(),
    ).toBe(7);
    expect(
      await wrapHandler(
        // oxlint-disable-next-line unicorn/no-thenable
        () => ({ then: (done: (value: number) => void) => done(8) }),
        () => call,
      )(),
    ).toBe(8);
    expect(events).toEqual([
      ['succeed', 7],
      ['succeed', 8],
    ]);
  });

  it('throws and rejects with the very same error', async () => {
    const { call, events } = record();
    const error = new Error('mine');
    const throws = wrapHandler(
      () => {
        throw error;
      },
      () => call,
    );
    expect(throws).toThrow(error);
    await expect(
      wrapHandler(
        async () => {
          throw error;
        },
        () => call,
      )(),
    ).rejects.toBe(error);
    expect(events).toEqual([
      ['fail', error],
      ['fail', error],
    ]);
  });

  it('ends the call also where what the handler returned cannot be looked at', () => {
    const { call, events } = record();
    const error = new Error('a getter');
    const odd = {
      // oxlint-disable-next-line unicorn/no-thenable
      get then(): never {
        throw error;
      },
    };
    const wrapped = wrapHandler(
      () => odd,
      () => call,
    );
    expect(() => wrapped()).toThrow(error);
    expect(events).toEqual([['fail', error]]);
  });

  it('finds event and context of a streaming handler where they are', () => {
    const seen: unknown[] = [];
    const plain = async (..._args: unknown[]): Promise<void> => {};
    const handler = Object.assign(async (..._args: unknown[]): Promise<void> => {}, {
      [STREAMING]: 'response',
    });
    void wrapHandler(handler, (...args) => void seen.push(args))('event', 'stream', 'context');
    void wrapHandler(plain, (...args) => void seen.push(args))('event', 'context');
    expect(seen).toEqual([
      ['event', 'context', 'stream'],
      ['event', 'context', undefined],
    ]);
  });
});

describe('a streaming handler', () => {
  it.each([
    [true, true],
    [false, false],
    [undefined, false],
  ])('is over only when nothing is left to do where the context says so: %s', async (own, expected) => {
    const waits: unknown[] = [];
    const note: Call = {
      ...record().call,
      succeed: (_, waiting) => waits.push(waiting),
      fail: (_, waiting) => waits.push(waiting),
    };
    const context = { callbackWaitsForEmptyEventLoop: own };
    const stream = (handler: () => Promise<void>): Promise<void> =>
      (
        wrapHandler(Object.assign(handler, { [STREAMING]: 'response' }), () => note) as (
          ...args: unknown[]
        ) => Promise<void>
      )('event', 'stream', context);
    await stream(async () => {});
    await expect(stream(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(waits).toEqual([expected, expected]);
  });
});

describe('a handler with a callback, as runtime clients before version 4 call it', () => {
  interface Called {
    readonly events: unknown[];
    readonly answers: unknown[][];
    readonly result: unknown;
    readonly context: Record<string, unknown>;
  }
  const invoke = (handler: (...args: never[]) => unknown, changes = false): Called => {
    const { call, events } = record();
    const answers: unknown[][] = [];
    const context: Record<string, unknown> = {
      done: (...args: unknown[]) => answers.push(['done', ...args]),
      succeed: (...args: unknown[]) => answers.push(['succeed', ...args]),
      fail: (...args: unknown[]) => answers.push(['fail', ...args]),
    };
    const changing: Call = { ...call, succeed: (result) => [call.succeed(result), 'changed'] };
    const wrapped = wrapHandler(handler as never, () => (changes ? changing : call));
    const callback = (...args: unknown[]): unknown => answers.push(['callback', ...args]);
    const result = (wrapped as (...args: unknown[]) => unknown)({}, context, callback);
    return { events, answers, result, context };
  };

  it('ends when it calls back, not before, with what it gives', () => {
    let callback: ((...args: unknown[]) => void) | undefined;
    const { events, answers, result } = invoke((_: never, __: never, back: never) => {
      callback = back;
      return 'ignored';
    }, true);
    expect([events, result]).toEqual([[], 'ignored']);
    callback!(null, 'answer');
    callback!(null, 'again');
    expect(events).toEqual([['succeed', 'answer']]);
    expect(answers).toEqual([
      ['callback', null, ['answer', 'changed']],
      ['callback', null, 'again'],
    ]);
  });

  it('fails when it calls back with an error', () => {
    const error = new Error('mine');
    const { events, answers } = invoke((_: never, __: never, back: (error: Error) => void) => back(error));
    expect(events).toEqual([['fail', error]]);
    expect(answers[0]!.slice(0, 2)).toEqual(['callback', error]);
  });

  it.each([
    ['done', [null, 7], ['succeed', 7]],
    ['done', ['no'], ['fail', 'no']],
    ['succeed', [7], ['succeed', 7]],
    ['fail', ['no'], ['fail', 'no']],
    ['fail', [], ['fail', 'handled']],
  ])('ends when it calls context.%s(%j)', (name, args, event) => {
    const { events, answers } = invoke((_: never, context: Record<string, (...args: unknown[]) => void>) =>
      context[name]!(...args),
    );
    expect(events).toEqual([event]);
    expect(answers[0]![0]).toBe(name);
  });

  it('ends with its promise where it gives one', async () => {
    const { events, result } = invoke(async () => 7);
    expect(await result).toBe(7);
    expect(events).toEqual([['succeed', 7]]);
  });

  it.each([
    ['calls back', 'back', true, true],
    ['calls back, and waits for nothing', 'back', false, false],
    ['calls a method of the context', 'done', true, false],
  ])('says whether its answer waits for work that is left: %s', (_, name, waitsForWork, expected) => {
    const { call } = record();
    const seen: unknown[] = [];
    const noting: Call = { ...call, succeed: (...args) => seen.push(...args) };
    const context = { callbackWaitsForEmptyEventLoop: true, done: () => {} };
    const handler = (event: unknown, own: typeof context, back: (...args: unknown[]) => void): void => {
      own.callbackWaitsForEmptyEventLoop = waitsForWork;
      const ways: Record<string, typeof back> = { back, done: own.done };
      ways[name]!(null, event);
    };
    (wrapHandler(handler as never, () => noting) as (...args: unknown[]) => void)('event', context, () => {});
    expect(seen).toEqual(['event', expected]);
  });

  it("calls what is the client's own outside of the invocation", () => {
    const storage = new AsyncLocalStorage<string>();
    const { call } = record();
    const within: Call = {
      ...call,
      run: (handler) => storage.run('the invocation', handler),
      leave: (run) => storage.exit(run),
    };
    const seen: unknown[] = [];
    const see = (): unknown => seen.push(storage.getStore());
    const context = { done: see, succeed: see, fail: see };
    const handler = (_: unknown, own: typeof context, back: () => void): void => {
      see();
      own.done();
      own.succeed();
      own.fail();
      back();
    };
    (wrapHandler(handler as never, () => within) as (...args: unknown[]) => void)({}, context, see);
    expect(seen).toEqual(['the invocation', undefined, undefined, undefined, undefined]);
  });

  it('sees a callback and methods that look like those of the client', () => {
    const { context } = invoke((_: never, __: never, back: { name: string; length: number }) => {
      expect([typeof back, back.name, back.length]).toEqual(['function', 'callback', 0]);
    });
    expect((context['succeed'] as { name: string }).name).toBe('succeed');
  });
});
