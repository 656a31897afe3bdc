import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runByClock } from './runByClock.ts';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it.each([60_000, 30 * DAY_MS, 90 * DAY_MS])('runs every %i ms, until it is ended', (everyMs) => {
  let runs = 0;
  const end = runByClock(
    (after) => after + everyMs,
    Date.now,
    () => void runs++,
  );
  vi.advanceTimersByTime(everyMs - 1);
  expect(runs).toBe(0);
  vi.advanceTimersByTime(1);
  expect(runs).toBe(1);
  vi.advanceTimersByTime(2 * everyMs);
  expect(runs).toBe(3);
  end();
  vi.advanceTimersByTime(2 * everyMs);
  expect(runs).toBe(3);
});

it('ends by itself when nothing is due any more', () => {
  const due = Date.now() + 1000;
  const runs: number[] = [];
  runByClock(
    (after) => (after < due ? due : undefined),
    Date.now,
    () => void runs.push(Date.now()),
  );
  vi.advanceTimersByTime(DAY_MS);
  expect(runs).toEqual([due]);
  expect(vi.getTimerCount()).toBe(0);
});
