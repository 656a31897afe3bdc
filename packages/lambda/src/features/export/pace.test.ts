import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

/** Whether an environment is busy after each invocation, by how long it had waited for it, ms. */
function toBusy(gapsMs: readonly number[]): boolean[] {
  let nowMs = 1000;
  const pace = createPace(() => nowMs);
  return gapsMs.map((gapMs) => {
    nowMs += gapMs;
    pace.began();
    nowMs += 10;
    const busy = pace.isBusy();
    pace.ended();
    return busy;
  });
}

describe('pace', () => {
  it('is busy from the fifth invocation on that has come soon after the one before', () => {
    expect(toBusy([0, 5, 2000, 0, 5, 5, 5])).toEqual([false, false, false, false, false, true, true]);
  });
  it('is not busy after a pause, and begins to count again', () => {
    expect(toBusy([0, 5, 5, 5, 5, 5, 2001, 5, 5, 5, 5, 5]).slice(5)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });
  it('takes a clock that was set back for a pause', () => {
    expect(toBusy([0, 5, 5, 5, 5, 5, -5000]).slice(5)).toEqual([true, false]);
  });
});
