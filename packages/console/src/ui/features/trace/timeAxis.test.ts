import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseTicks, toAxisShare, zoomBy } from './timeAxis.ts';

describe('chooseTicks', () => {
  it('takes round steps', () => {
    expect(chooseTicks({ startMs: 0, endMs: 781 }, 0, 600)).toEqual([0, 200, 400, 600]);
    expect(chooseTicks({ startMs: 130, endMs: 171 }, 0, 500)).toEqual([130, 140, 150, 160, 170]);
  });

  it('has none where there is no time or no room', () => {
    expect(chooseTicks({ startMs: 0, endMs: 0 }, 0, 600)).toEqual([]);
    expect(chooseTicks({ startMs: 0, endMs: 100 }, 0, 20)).toEqual([]);
  });

  it('spaces ticks evenly within the window, never closer than their labels need', () => {
    const start = fc.double({ min: 0, max: 1e6, noNaN: true });
    const length = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(start, length, fc.integer({ min: 100, max: 3000 }), (startMs, lengthMs, widthPx) => {
        fc.pre(lengthMs > startMs * 1e-9);
        const window = { startMs, endMs: startMs + lengthMs };
        const ticks = chooseTicks(window, 0, widthPx);
        const slackMs = (startMs + lengthMs) * 1e-6;
        for (const [index, tickMs] of ticks.entries()) {
          expect(tickMs).toBeGreaterThanOrEqual(window.startMs - slackMs);
          expect(tickMs).toBeLessThanOrEqual(window.endMs + slackMs);
          const before = ticks[index - 1];
          if (before === undefined) continue;
          expect(((tickMs - before) / lengthMs) * widthPx).toBeGreaterThan(
            92 - (slackMs / lengthMs) * widthPx,
          );
        }
      }),
    );
  });
});

describe('toAxisShare', () => {
  const window = { startMs: 100, endMs: 200 };

  it('gives the place within the window', () => {
    expect(toAxisShare(window, 125, 50)).toEqual({ left: 0.25, width: 0.5 });
  });

  it('cuts what sticks out, and drops what lies outside', () => {
    expect(toAxisShare(window, 50, 100)).toEqual({ left: 0, width: 0.5 });
    expect(toAxisShare(window, 190, 100)).toEqual({ left: 0.9, width: expect.closeTo(0.1) });
    expect(toAxisShare(window, 10, 20)).toBeUndefined();
    expect(toAxisShare(window, 210, 20)).toBeUndefined();
  });

  it('draws a trace without duration', () => {
    expect(toAxisShare({ startMs: 0, endMs: 0 }, 0, 0)).toEqual({ left: 0, width: 0 });
  });
});

describe('zoomBy', () => {
  const whole = { startMs: 0, endMs: 1000 };

  it('halves what is seen around a moment', () => {
    expect(zoomBy(whole, whole, 600, 0.5)).toEqual({ startMs: 350, endMs: 850 });
  });

  it('stays within the whole', () => {
    expect(zoomBy(whole, whole, 10, 0.5)).toEqual({ startMs: 0, endMs: 500 });
    expect(zoomBy(whole, whole, 990, 0.5)).toEqual({ startMs: 500, endMs: 1000 });
  });

  it('ends when all is seen', () => {
    expect(zoomBy({ startMs: 0, endMs: 600 }, whole, 300, 2)).toBeUndefined();
  });
});
