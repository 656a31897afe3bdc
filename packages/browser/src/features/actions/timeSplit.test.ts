import { describe, expect, it } from 'vitest';
import { toUnionMs, type RequestTime } from './timeSplit.ts';

const time = (startUnixMs: number, untilUnixMs: number, serverMs?: number): RequestTime => ({
  startUnixMs,
  untilUnixMs,
  serverMs,
});

describe('toUnionMs', () => {
  it.each([
    ['nothing', [], 0],
    ['one interval', [time(10, 30)], 20],
    ['intervals apart', [time(50, 60), time(10, 30)], 30],
    ['what overlaps once', [time(10, 30), time(20, 40)], 30],
    ['what lies within another not at all', [time(10, 50), time(20, 40), time(45, 55)], 45],
    ['nothing before the start and after the end', [time(-40, 10), time(95, 300), time(120, 130)], 15],
  ])('counts %s', (_what, times, unionMs) => {
    expect(toUnionMs(times, 0, 100)).toBe(unionMs);
  });

  it('counts the parts of servers where they are taken to lie, in the middle, at most the whole', () => {
    const serverOf = (times: RequestTime[]): number => toUnionMs(times, 0, 100, (t) => t.serverMs ?? 0);
    expect(serverOf([time(0, 40, 20)])).toBe(20);
    expect(serverOf([time(0, 40, 20), time(0, 40, 10)])).toBe(20);
    expect(serverOf([time(0, 40, 20), time(20, 60, 20)])).toBe(40);
    expect(serverOf([time(0, 40, 90)])).toBe(40);
    expect(serverOf([time(0, 40)])).toBe(0);
  });
});
