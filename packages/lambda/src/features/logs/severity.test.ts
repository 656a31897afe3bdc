import { describe, expect, it } from 'vitest';
import { mayBeError, toSeverity } from './severity.ts';

describe('toSeverity', () => {
  it.each([
    ['trace', 1],
    ['debug', 5],
    ['log', 9],
    ['INFO', 9],
    ['Warning', 13],
    ['error', 17],
    ['CRITICAL', 17],
    ['fatal', 21],
    [10, 1],
    [30, 9],
    [35, 9],
    [50, 17],
    [60, 21],
  ])('of %s is %d', (level, severity) => expect(toSeverity(level)).toBe(severity));

  it.each([['loud'], ['constructor'], [5], [400], [NaN], [null], [{}]])('of %s is not known', (level) =>
    expect(toSeverity(level)).toBeUndefined(),
  );
});

it.each(['{"level":"error"}', '{"level":50,"msg":"x"}', '{"severity": "CRITICAL"}', '{"level":"FATAL"}'])(
  'mayBeError overlooks no error: %s',
  (line) => expect(mayBeError(line)).toBe(true),
);
it('mayBeError passes over what is none', () =>
  expect(mayBeError('{"level":"info","msg":"ok"}')).toBe(false));
