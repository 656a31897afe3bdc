import { describe, expect, it } from 'vitest';
import { createClock } from './clock.ts';

describe('clock', () => {
  const start = { wall: 1_000_000.7, monotonic: 50.7 };
  const at = (passed: { wall: number; monotonic: number }) => {
    let { wall, monotonic } = start;
    const clock = createClock({
      wallMs: () => Math.floor(wall),
      monotonicMs: () => monotonic,
      originUnixMs: start.wall - start.monotonic,
    });
    wall += passed.wall;
    monotonic += passed.monotonic;
    return clock;
  };

  it('keeps its fractions while both clocks run alike', () => {
    const clock = at({ wall: 12.25, monotonic: 12.25 });
    clock.resync();
    expect(clock.now()).toBeCloseTo(start.wall + 12.25, 6);
  });

  it('catches up with the wall clock after the monotonic one stood still', () => {
    const clock = at({ wall: 60_000, monotonic: 3 });
    expect(clock.now()).toBeCloseTo(start.wall + 3, 6);
    clock.resync();
    expect(Math.abs(clock.now() - (start.wall + 60_000))).toBeLessThanOrEqual(1);
  });

  it('goes back with the wall clock when that was set right', () => {
    const clock = at({ wall: -5000, monotonic: 10 });
    clock.resync();
    expect(Math.abs(clock.now() - (start.wall - 5000))).toBeLessThanOrEqual(1);
  });
});
