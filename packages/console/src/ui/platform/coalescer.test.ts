import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCoalescer } from './coalescer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('createCoalescer', () => {
  it('runs at once, and once more for all who asked meanwhile', async () => {
    let runs = 0;
    let finish = (): void => undefined;
    const coalescer = createCoalescer(() => {
      runs++;
      return new Promise<void>((resolve) => (finish = resolve));
    }, 400);
    coalescer.ask();
    coalescer.ask();
    coalescer.ask();
    expect(runs).toBe(1);
    finish();
    await vi.advanceTimersByTimeAsync(399);
    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(runs).toBe(2);
    finish();
    await vi.advanceTimersByTimeAsync(5000);
    expect(runs).toBe(2);
  });

  it('goes on after a run that failed', async () => {
    let runs = 0;
    const coalescer = createCoalescer(
      () => (runs++ === 0 ? Promise.reject(new Error('no')) : Promise.resolve()),
      10,
    );
    coalescer.ask();
    await vi.advanceTimersByTimeAsync(20);
    coalescer.ask();
    expect(runs).toBe(2);
  });

  it('does nothing once stopped', async () => {
    let runs = 0;
    const coalescer = createCoalescer(async () => void runs++, 10);
    coalescer.ask();
    coalescer.ask();
    coalescer.stop();
    await vi.advanceTimersByTimeAsync(50);
    expect(runs).toBe(1);
  });
});
