import { describe, expect, it } from 'vitest';
import { toMaskedException } from './exception.ts';

const stackOf = (error: unknown): string => String(toMaskedException(error)['exception.stacktrace']);

describe('the description of an exception', () => {
  it('holds the causes, each with where it happened', () => {
    const first = new RangeError('first');
    const second = new TypeError('second', { cause: first });
    const stack = stackOf(new Error('third', { cause: second }));
    expect(stack).toMatch(
      /^Error: third\n {4}at [^]*\nCaused by: TypeError: second\n {4}at [^]*\nCaused by: RangeError: first\n {4}at /,
    );
    expect(stack.length).toBeLessThanOrEqual(4096);
  });

  it('ends where causes go in a circle, or are many', () => {
    const circle = new Error('circle');
    circle.cause = new Error('other', { cause: circle });
    expect(stackOf(circle).match(/Caused by/g)).toHaveLength(1);
    let error = new Error('0');
    for (let i = 1; i < 50; i++) error = new Error(String(i), { cause: error });
    expect(stackOf(error).match(/Caused by/g)).toHaveLength(4);
  });

  it('says what a cause is that is no error', () => {
    expect(stackOf(new Error('x', { cause: 'because' }))).toMatch(/\nCaused by: because$/);
    expect(stackOf(new Error('x', { cause: { code: 7 } }))).not.toContain('Caused by');
  });

  it('leaves room for every cause where stacks are long', () => {
    const long = (message: string, cause?: unknown): Error => {
      const error = new Error(message, { cause });
      error.stack = `Error: ${message}\n${'    at somewhere (file.js:1:1)\n'.repeat(500)}`;
      return error;
    };
    const stack = stackOf(long('outer', long('inner')));
    expect(stack).toContain('Caused by: Error: inner');
    expect(stack.length).toBeLessThanOrEqual(4096);
  });

  it('describes what is no error, without a stack', () => {
    expect(toMaskedException('text')).toMatchObject({ 'exception.message': 'text' });
    expect(toMaskedException(undefined)['exception.stacktrace']).toBeUndefined();
    expect(toMaskedException({ code: 'E' })['exception.type']).toBe('E');
  });

  it('masks credentials in messages and stacks', () => {
    const described = toMaskedException(
      new Error('no AKIAIOSFODNN7EXAMPLE', { cause: new Error('secretKey=abcdefgh') }),
    );
    expect(JSON.stringify(described)).not.toMatch(/AKIAI|abcdefgh/);
  });
});
