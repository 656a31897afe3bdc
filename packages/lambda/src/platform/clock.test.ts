import { describe, expect, it } from 'vitest';
import { createClock } from './clock.ts';
import type { Clock } from './clock.ts';

describe('clock', () => {
  const start = (): { clock: Clock; pass: (ms: number, stillMs?: number) => void; trueMs: () => number } => {
    let wall = 1_000_000.7;
    let monotonic = 50;
    const clock = createClock({ wallMs: () => Math.floor(wall), monotonicMs: () => monotonic });
    const pass = (ms: number, stillMs = 0): void => {
      wall += ms + stillMs;
      monotonic += ms;
    };
    return { clock, pass, trueMs: () => wall };
  };

  it('learns the fractions that the wall clock does not tell', () => {
    const { clock, pass, trueMs } = start();
    for (let i = 0; i < 20; i++) {
      pass(7.31);
      clock.resync();
    }
    expect(Math.abs(clock.now() - trueMs())).toBeLessThan(0.1);
  });

  it('counts on between two looks at the wall clock', () => {
    const { clock, pass } = start();
    const before = clock.now();
    pass(3.25, 100);
    expect(clock.now() - before).toBeCloseTo(3.25, 6);
  });

  it('catches up after the monotonic clock stood still, and goes back when the wall clock was set right', () => {
    const { clock, pass, trueMs } = start();
    for (const stillMs of [60_000, -5000]) {
      pass(1, stillMs);
      clock.resync();
      expect(Math.abs(clock.now() - trueMs())).toBeLessThanOrEqual(1);
    }
  });
});
