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
