import { describe, expect, it } from 'vitest';
import { chooseScaleMs } from './durationScale.ts';

describe('chooseScaleMs', () => {
  it('takes the longest of a usual list', () => {
    expect(chooseScaleMs([100, 300, 200])).toBe(300);
  });

  it('lets one very long trace stick out instead of flattening the rest', () => {
    expect(chooseScaleMs([...Array.from({ length: 40 }, () => 200), 60_000])).toBe(200);
  });

  it('is 0 for nothing', () => {
    expect(chooseScaleMs([])).toBe(0);
  });
});
