import { expect, it } from 'vitest';
import { parseAt, parseCron } from './cron.ts';

const at = (text: string): number => Date.parse(`${text}Z`);
const runs = (expression: string, after: string, count: number): readonly string[] => {
  const next = parseCron(expression)!;
  const found: string[] = [];
  for (let due = next(at(after)); due !== undefined && found.length < count; due = next(due))
    found.push(new Date(due).toISOString().slice(0, 16));
  return found;
};

// The examples of https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html and
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html, "Cron-based schedules".
it.each<[string, string, readonly string[]]>([
  ['cron(0 10 * * ? *)', 'every day at 10:00', ['2026-11-26T10:00', '2026-11-27T10:00']],
  ['cron(15 12 * * ? *)', 'every day at 12:15', ['2026-11-25T12:15', '2026-11-26T12:15']],
  [
    'cron(0 18 ? * MON-FRI *)',
    'Monday to Friday at 18:00',
    ['2026-11-25T18:00', '2026-11-26T18:00', '2026-11-27T18:00', '2026-11-30T18:00'],
  ],
  ['cron(0 8 1 * ? *)', 'the first of each month at 8:00', ['2026-12-01T08:00', '2027-01-01T08:00']],
  [
    'cron(0/15 * * * ? *)',
    'every 15 minutes',
    ['2026-11-25T12:15', '2026-11-25T12:30', '2026-11-25T12:45', '2026-11-25T13:00'],
  ],
  ['cron(0/10 * ? * MON-FRI *)', 'every 10 minutes on weekdays', ['2026-11-25T12:10', '2026-11-25T12:20']],
  [
    'cron(0/5 8-17 ? * MON-FRI *)',
    'every 5 minutes from 8:00 to 17:55',
    ['2026-11-25T12:05', '2026-11-25T12:10'],
  ],
  [
    'cron(15 10 ? * 6L 2026-2028)',
    'the last Friday of each month, in those years',
    ['2026-11-27T10:15', '2026-12-25T10:15', '2027-01-29T10:15'],
  ],
  [
    'cron(0 0 L * ? *)',
    'the last day of each month',
    ['2026-11-30T00:00', '2026-12-31T00:00', '2027-01-31T00:00', '2027-02-28T00:00'],
  ],
  ['cron(0 9 ? * 2#1 *)', 'the first Monday of each month', ['2026-12-07T09:00', '2027-01-04T09:00']],
  [
    'cron(0 9 1W * ? *)',
    'the weekday nearest to the first',
    [
      '2026-12-01T09:00',
      '2027-01-01T09:00',
      '2027-02-01T09:00',
      '2027-03-01T09:00',
      '2027-04-01T09:00',
      '2027-05-03T09:00',
    ],
  ],
  ['cron(30 6 29 FEB ? *)', 'days that there are not every year', ['2028-02-29T06:30', '2032-02-29T06:30']],
  [
    'cron(5,35 14 * * ? 2026)',
    'lists, in a year that ends',
    ['2026-11-25T14:05', '2026-11-25T14:35', '2026-11-26T14:05'],
  ],
])('%s: %s', (expression, _, expected) => {
  expect(runs(expression, '2026-11-25T12:00:00', expected.length)).toEqual(expected);
});

it('is never due again after its years', () => {
  expect(runs('cron(0 0 31 12 ? 2026)', '2026-12-31T00:00:00', 1)).toEqual([]);
});

it.each([
  'cron(0 10 * * * *)',
  'cron(0 10 ? * ? *)',
  'cron(0 10 * * ?)',
  'cron(60 10 * * ? *)',
  'cron(0 24 * * ? *)',
  'cron(0 0 0 * ? *)',
  'cron(0 0 ? * 8 *)',
  'cron(0 0 1 13 ? *)',
  'cron(0 0 1 * ? 1969)',
  'cron(5-1 0 1 * ? *)',
  'cron(0/0 0 1 * ? *)',
  'cron(x 0 1 * ? *)',
  'rate(1 day)',
])('%s is refused', (expression) => {
  expect(parseCron(expression)).toBeUndefined();
});

// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html, "One-time schedules".
it('a one-time schedule is due once', () => {
  const next = parseAt('at(2026-11-25T15:00:00)')!;
  expect(next(at('2026-11-25T14:59:59'))).toBe(at('2026-11-25T15:00:00'));
  expect(next(at('2026-11-25T15:00:00'))).toBeUndefined();
  expect(parseAt('at(2026-11-25)')).toBeUndefined();
  expect(parseAt('at(2026-13-25T15:00:00)')).toBeUndefined();
});
