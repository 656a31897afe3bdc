import { types } from 'node:util';
import { describe, expect, it } from 'vitest';
import { toErrorSnapshot } from './errorSnapshot.ts';

describe('toErrorSnapshot', () => {
  it('copies the first error among the arguments, with its causes', () => {
    const cause = new RangeError('inner');
    const error = new TypeError('outer', { cause });
    expect(toErrorSnapshot(['text', error, new Error('second')], types)).toEqual({
      name: 'TypeError',
      message: 'outer',
      stack: error.stack,
      cause: { name: 'RangeError', message: 'inner', stack: cause.stack, cause: undefined },
    });
  });

  it('is nothing where there is none, or what only looks like one', () => {
    expect(toErrorSnapshot(['text', { message: 'm', stack: 's' }], types)).toBeUndefined();
    expect(toErrorSnapshot([new Proxy(new Error('x'), {})], types)).toBeUndefined();
  });

  it('runs no code of the function', () => {
    const ran: string[] = [];
    const spy = (name: string) => ({ get: () => ran.push(name) });
    const error = new (class extends Error {
      override get name(): string {
        ran.push('name');
        return 'Mine';
      }
    })();
    Object.defineProperties(error, { message: spy('message'), stack: spy('stack'), cause: spy('cause') });
    expect(toErrorSnapshot([error], types)).toEqual({});
    const trap = (): never => {
      throw ran.push('trap');
    };
    Object.setPrototypeOf(error, new Proxy(Error.prototype, { getOwnPropertyDescriptor: trap, get: trap }));
    expect(toErrorSnapshot([error], types)).toEqual({});
    expect(ran).toEqual([]);
  });

  it('comes to an end where causes go in circles', () => {
    const error = new Error('again');
    error.cause = error;
    let depth = 0;
    for (let at: unknown = toErrorSnapshot([error], types); at; at = (at as Error).cause) depth++;
    expect(depth).toBe(5);
  });
});
