import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatDay,
  formatDuration,
  formatMoment,
  formatTicks,
  formatTimeOfDay,
  parseUnixNano,
} from './format.ts';

const plain = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, ' ');

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [0.0004, '0.4 µs'],
    [0.012, '12 µs'],
    [0.9994, '999 µs'],
    [0.9996, '1 ms'],
    [4.2123, '4.21 ms'],
    [12.04, '12 ms'],
    [99.96, '100 ms'],
    [430, '430 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [1434, '1.43 s'],
    [59_940, '59.9 s'],
    [59_960, '1 m 00 s'],
    [124_000, '2 m 04 s'],
    [3_599_700, '1 h 00 m'],
    [3_720_000, '1 h 02 m'],
    [-12, '−12 ms'],
    [Number.NaN, '–'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(plain(formatDuration(ms))).toBe(text);
  });

  it('never takes more than eight characters below a hundred hours', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 3.5e8, noNaN: true }), (ms) => {
        expect(formatDuration(ms).length).toBeLessThanOrEqual(9);
      }),
    );
  });
});

describe('formatTicks', () => {
  it.each([
    [[0, 200, 400], '0 | 200 ms | 400 ms'],
    [[0, 0.2, 0.4], '0 | 200 µs | 400 µs'],
    [[2.5, 2.6], '2.5 ms | 2.6 ms'],
    [[0, 500, 1000, 1500], '0 | 500 ms | 1000 ms | 1500 ms'],
    [[0, 1000, 2000], '0 | 1 s | 2 s'],
    [[2000, 2500], '2.0 s | 2.5 s'],
    [[0, 120_000, 240_000], '0 | 2 m | 4 m'],
    [[], ''],
  ])('writes %j as %s', (ticks, text) => {
    expect(plain(formatTicks(ticks).join(' | '))).toBe(text);
  });

  it('tells neighbours apart', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 5),
        fc.integer({ min: -3, max: 6 }),
        fc.integer({ min: 0, max: 50 }),
        (factor, power, first) => {
          const step = factor * 10 ** power;
          const labels = formatTicks([0, 1, 2, 3].map((index) => (first + index) * step));
          expect(new Set(labels).size).toBe(4);
        },
      ),
    );
  });
});

describe('moments', () => {
  const noon = new Date(2026, 10, 23, 12, 5, 7, 42);
  const toNano = (date: Date): string => `${date.getTime()}000000`;

  it('writes the time of day with milliseconds', () => {
    expect(formatTimeOfDay(toNano(noon))).toBe('12:05:07.042');
  });

  it('names the day only when it is not today, the year only when it is another', () => {
    expect(formatDay(toNano(noon), new Date(2026, 10, 23, 23))).toBe('');
    expect(plain(formatDay(toNano(noon), new Date(2026, 10, 24)))).toBe('23 Nov');
    expect(plain(formatDay(toNano(noon), new Date(2027, 0, 1)))).toBe('23 Nov 2026');
  });

  it('writes the whole moment with its offset', () => {
    expect(formatMoment(toNano(noon))).toMatch(/^2026-11-23 12:05:07\.042 UTC[+−]\d\d:\d\d$/);
  });

  it('takes what is no moment for the beginning of time', () => {
    for (const text of ['', 'soon', '-5', '1e3', '9'.repeat(40)]) expect(parseUnixNano(text)).toBe(0n);
    expect(() => formatMoment('99999999999999999999')).not.toThrow();
  });
});

describe('formatCount', () => {
  it('groups thousands', () => {
    expect([5, 999, 1000, 1234567].map((count) => plain(formatCount(count)))).toEqual([
      '5',
      '999',
      '1 000',
      '1 234 567',
    ]);
  });
});
