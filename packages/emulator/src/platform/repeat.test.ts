import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { repeat } from './repeat.ts';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it.each([60_000, 30 * DAY_MS, 90 * DAY_MS])('runs every %i ms, until it is ended', (everyMs) => {
  let runs = 0;
  const end = repeat(everyMs, () => void runs++);
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
