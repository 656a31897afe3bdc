import { describe, expect, it } from 'vitest';
import { toOrigin } from './origin.ts';

const context = (digit: string): { traceId: string; spanId: string; traceFlags: number } => ({
  traceId: digit.repeat(32),
  spanId: digit.repeat(16),
  traceFlags: 1,
});
const [EVENT, XRAY, SENDER] = [context('1'), context('2'), { context: context('3') }];

describe('the origin of an invocation', () => {
  it.each([
    ['link', { parent: EVENT }, { caller: EVENT, links: [{ context: XRAY }] }],
    ['link', {}, { caller: undefined, links: [{ context: XRAY }] }],
    ['link', { links: [SENDER] }, { caller: undefined, links: [SENDER, { context: XRAY }] }],
    ['parent', { parent: EVENT }, { caller: EVENT, links: [{ context: XRAY }] }],
    ['parent', {}, { caller: XRAY, links: [] }],
    ['parent', { links: [SENDER] }, { caller: XRAY, links: [SENDER] }],
    ['off', { parent: EVENT }, { caller: EVENT, links: [] }],
    ['off', {}, { caller: undefined, links: [] }],
  ] as const)('takes what X-Ray records as a %s, behind what the event says', (use, trigger, origin) => {
    expect(toOrigin(trigger, XRAY, use)).toEqual(origin);
  });

  it('names no span twice', () => {
    expect(toOrigin({ parent: EVENT }, EVENT, 'link')).toEqual({ caller: EVENT, links: [] });
  });

  it('is what the event says where X-Ray records nothing', () => {
    expect(toOrigin({ links: [SENDER] }, undefined, 'parent')).toEqual({
      parent: undefined,
      links: [SENDER],
    });
  });
});
