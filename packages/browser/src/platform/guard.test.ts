import { describe, expect, it } from 'vitest';
import { createGuard } from './guard.ts';
import { createWarn } from './warn.ts';

const fail = (): never => {
  throw new RangeError('own');
};

describe('guard', () => {
  it('gives what was run, and nothing of what was thrown', () => {
    const caught: unknown[] = [];
    const guard = createGuard((error) => caught.push(error));
    expect(guard(() => 7)).toBe(7);
    expect(guard(fail)).toBeUndefined();
    expect(caught).toEqual([new RangeError('own')]);
  });

  it('throws nothing into the page when its report fails, or the page’s console does', () => {
    expect(createGuard(fail)(fail)).toBeUndefined();
    expect(() => createWarn(fail)('text')).not.toThrow();
  });
});
