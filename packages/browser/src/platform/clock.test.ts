import { describe, expect, it } from 'vitest';
import { createClock } from './clock.ts';

describe('clock', () => {
  it('counts fractions of milliseconds from the time origin', () => {
    const clock = createClock({ timeOrigin: 1000.25, now: () => 7.5 }, () => 1007);
    expect(clock.now()).toBe(1007.75);
    expect(clock.fromTimeStamp(2.5)).toBe(1002.75);
  });

  it('does not follow small steps of the wall clock, so that durations stay right', () => {
    let wallMs = 1000;
    let monotonicMs = 0;
    const clock = createClock({ timeOrigin: 1000, now: () => monotonicMs }, () => wallMs);
    const before = clock.now();
    monotonicMs = 10;
    wallMs = 1900;
    expect(clock.now() - before).toBe(10);
  });

  it('finds back to the wall clock when the monotonic one has stood still', () => {
    let wallMs = 1000;
    const clock = createClock({ timeOrigin: 1000, now: () => 5 }, () => wallMs);
    expect(clock.now()).toBe(1005);
    wallMs = 3_601_000;
    expect(clock.now()).toBe(3_601_000);
    expect(clock.fromTimeStamp(5)).toBe(3_601_000);
  });

  it('tells another time for as long as a function runs', () => {
    const clock = createClock({ timeOrigin: 1000, now: () => 5 }, () => 1005);
    expect(clock.at(17, clock.now)).toBe(17);
    expect(() => clock.at(17, () => JSON.parse(''))).toThrow();
    expect(clock.now()).toBe(1005);
  });
});
