import { describe, expect, it } from 'vitest';
import { createRenewableIds } from './renewableIds.ts';
import type { RenewableIds } from './renewableIds.ts';

const take = (ids: RenewableIds, count: number): string[] =>
  Array.from({ length: count }, () => [ids.traceId(), ids.spanId()]).flat();

/** An environment as it was when the snapshot was taken: some ids are drawn, the rest of the digits lies in memory. */
function restore(kernelSeed: number): string[] {
  let state = 1;
  const ids = createRenewableIds((digits) =>
    Array.from({ length: digits }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state >>> 28).toString(16);
    }).join(''),
  );
  ids.traceId();
  state = kernelSeed;
  ids.renew();
  return take(ids, 40);
}

describe('ids of an environment that is restored twice from one snapshot', () => {
  it('are never the same', () => {
    const ids = [...restore(1), ...restore(77)];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('ids', () => {
  it('have 32 digits for traces and 16 for spans, and are never all zero', () => {
    let draws = 0;
    const ids = createRenewableIds((digits) => (draws++ ? '7' : '0').repeat(digits));
    expect(take(ids, 1)).toEqual(['7'.repeat(32), '7'.repeat(16)]);
  });

  it('are drawn ahead when asked to, and only where few are left', () => {
    let drawn = 0;
    const ids = createRenewableIds((digits) => {
      drawn++;
      return '7'.repeat(digits);
    });
    ids.refill();
    ids.refill();
    expect(drawn).toBe(1);
    for (let n = 0; n < 1000; n++) {
      const before = drawn;
      take(ids, 5);
      expect(drawn).toBe(before);
      ids.refill();
    }
    expect(drawn).toBeGreaterThan(100);
  });
});
