import { describe, expect, it } from 'vitest';
import { toVisibleRange } from './visibleRange.ts';

describe('toVisibleRange', () => {
  it('draws what is on the screen and a little more, of 5,000 rows', () => {
    const { first, end } = toVisibleRange(-30_000, 900, 30, 5000);
    expect(first).toBeLessThanOrEqual(1000);
    expect(end).toBeGreaterThanOrEqual(1030);
    expect(end - first).toBeLessThan(80);
  });

  it('stays within the rows', () => {
    expect(toVisibleRange(200, 900, 30, 3)).toEqual({ first: 0, end: 3 });
    expect(toVisibleRange(-1e9, 900, 30, 10)).toEqual({ first: 10, end: 10 });
    expect(toVisibleRange(5000, 900, 30, 10)).toEqual({ first: 0, end: 0 });
  });
});
