import { describe, expect, it } from 'vitest';
import { chooseLabelSide } from './barLabel.ts';

describe('chooseLabelSide', () => {
  it('writes after the bar, else before it, else within', () => {
    expect(chooseLabelSide({ left: 0, width: 0.5 }, '430 ms', 400)).toBe('right');
    expect(chooseLabelSide({ left: 0.5, width: 0.5 }, '430 ms', 400)).toBe('left');
    expect(chooseLabelSide({ left: 0, width: 1 }, '430 ms', 400)).toBe('inside');
  });
});
