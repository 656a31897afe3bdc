import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeError } from './describeError.ts';

/** An object of which nothing can be read. */
const trapped = new Proxy(() => {}, {
  get() {
    throw new Error('trap');
  },
  getPrototypeOf() {
    throw new Error('trap');
  },
});

describe('describeError', () => {
  it('tells name, message and stack of an error', () => {
    const error = new TypeError('no such thing');
    expect(describeError(error)).toEqual({
      type: 'TypeError',
      message: 'no such thing',
      stack: error.stack,
    });
  });

  it('tells no message where there is none', () => {
    expect(describeError(new Error())).toMatchObject({ type: 'Error', message: '' });
  });

  it('tells causes as consoles do, also one that is no error', () => {
    const middle = new RangeError('middle', { cause: 'the start' });
    const error = new Error('outer', { cause: middle });
    expect(describeError(error).stack).toBe(
      `${error.stack}\nCaused by: ${middle.stack}\nCaused by: string: the start`,
    );
  });

  it('ends where causes go round in circles', () => {
    const first = new Error('first');
    const second = new Error('second', { cause: first });
    first.cause = second;
    expect(describeError(first).stack.split('Caused by: ')).toHaveLength(5);
  });

  it.each([
    ['text', 'boom', 'string', 'boom'],
    ['nothing', undefined, 'undefined', 'undefined'],
    ['null', null, 'object', 'null'],
    ['a symbol', Symbol('s'), 'symbol', 'Symbol(s)'],
    ['an object like an error', { name: 'ApiError', message: 'no' }, 'ApiError', 'no'],
    ['an object without a prototype', Object.create(null), 'object', ''],
    ['an object that lets nothing be read', trapped, 'function', ''],
    ['parts that are no text', { name: 7, message: {}, stack: [], toString: () => 'x' }, 'object', 'x'],
  ])('bears %s', (_, thrown, type, message) => {
    expect(describeError(thrown)).toEqual({ type, message, stack: '' });
  });

  it('reads no more of a huge error than can be told', () => {
    const error = new Error('x'.repeat(1e6));
    const { message, stack } = describeError(error);
    expect(message.length).toBeLessThan(1e4);
    expect(stack.length).toBeLessThan(1e4);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (thrown) => {
        const { type, message, stack } = describeError(thrown);
        expect([typeof type, typeof message, typeof stack]).toEqual(['string', 'string', 'string']);
      }),
    );
  });
});
