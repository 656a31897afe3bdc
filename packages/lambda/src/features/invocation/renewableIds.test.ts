import { describe, expect, it } from 'vitest';
import { createRenewableIds } from './renewableIds.ts';

/** An environment as it was when the snapshot was taken: some ids are drawn, the rest of the random bytes lies in memory. */
function restore(kernelSeed: number): string[] {
  let state = 1;
  const ids = createRenewableIds((bytes) =>
    bytes.map(() => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
  ids.traceId();
  state = kernelSeed;
  ids.renew();
  return Array.from({ length: 40 }, () => [ids.traceId(), ids.spanId()]).flat();
}

describe('ids of an environment that is restored twice from one snapshot', () => {
  it('are never the same', () => {
    const ids = [...restore(1), ...restore(77)];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
