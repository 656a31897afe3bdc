import { describe, expect, it } from 'vitest';
import { decideColdStart } from './coldStart.ts';

describe('decideColdStart', () => {
  it.each([
    ['the first invocation, right after the init', true, 'on-demand', 5, { cold: true, proactive: false }],
    ['the first where the platform tells no type', true, undefined, 5, { cold: true, proactive: false }],
    ['the first, just within 10 s', true, 'on-demand', 10_000, { cold: true, proactive: false }],
    ['the first after more than 10 s', true, 'on-demand', 10_001, { cold: false, proactive: true }],
    ['a later one', false, 'on-demand', 5, { cold: false, proactive: false }],
    [
      'the first of provisioned concurrency',
      true,
      'provisioned-concurrency',
      5,
      { cold: false, proactive: false },
    ],
    ['the first of a snapshot', true, 'snap-start', 5, { cold: false, proactive: false }],
  ])('%s', (_, first, initializationType, idleMs, decision) => {
    expect(
      decideColdStart({
        first,
        initializationType,
        restarted: false,
        initEndUnixMs: 1000,
        invokedUnixMs: 1000 + idleMs,
      }),
    ).toEqual(decision);
  });

  it('takes an init after a crash as waited for, with provisioned concurrency too', () => {
    const age = { first: true, initializationType: 'provisioned-concurrency', initEndUnixMs: 1000 };
    expect(decideColdStart({ ...age, restarted: true, invokedUnixMs: 1005 })).toEqual({
      cold: true,
      proactive: false,
    });
  });
});
