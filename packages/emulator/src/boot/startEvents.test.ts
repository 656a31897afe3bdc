import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startEvents } from './startEvents.ts';
import type { Wiring } from './wiring.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-25T11:59:30Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
it('schedules run by the clock until the emulator stops', async () => {
  const stops: (() => Promise<void>)[] = [];
  const runs: string[] = [];
  const wiring = {
    account: { region: 'eu-central-1', accountId: '123456789012' },
    clock: Date.now,
    refuseUnknown: () => undefined,
    keep: (stop) => void stops.push(stop),
  } satisfies Partial<Wiring> as unknown as Wiring;
  const delivery = {
    runLater: (name: string) => void runs.push(`${name} ${new Date().toISOString().slice(11, 19)}`),
    send: () => undefined,
    publish: () => undefined,
  };
  const schedule = (name: string, expression: string): object => ({
    name,
    expression,
    target: { function: name },
  });
  const schedules = [
    schedule('noon', 'cron(0 12 * * ? *)'),
    schedule('once', 'at(2026-11-25T12:01:00)'),
    schedule('often', 'rate(1 minute)'),
  ] as never;
  await startEvents({ functions: [], schedules }, wiring, delivery);
  vi.advanceTimersByTime(120_000);
  expect(runs).toEqual(['noon 12:00:00', 'often 12:00:30', 'once 12:01:00', 'often 12:01:30']);
  await Promise.all(stops.map((stop) => stop()));
  vi.advanceTimersByTime(86_400_000);
  expect(runs).toHaveLength(4);
});
