import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TraceSummary } from '../../../api/types.ts';
import { appendTraces, mergeTraces } from './mergeTraces.ts';

const trace = (traceId: string, start: number, spanCount = 1): TraceSummary => ({
  traceId,
  rootName: traceId,
  rootService: 's',
  rootSeen: true,
  startUnixNano: String(start),
  durationMs: 1,
  spanCount,
  errorCount: 0,
  coldStartCount: 0,
  services: ['s'],
});
const ids = (traces: readonly TraceSummary[]): string[] => traces.map((found) => found.traceId);

describe('mergeTraces', () => {
  it('puts new traces on top and keeps older pages', () => {
    const loaded = [trace('c', 30), trace('b', 20), trace('a', 10)];
    const merged = mergeTraces([trace('d', 40), trace('c', 30, 5)], loaded, false);
    expect(ids(merged)).toEqual(['d', 'c', 'b', 'a']);
    expect(merged[1]?.spanCount).toBe(5);
  });

  it('drops what the fresh page would have to show and does not', () => {
    const loaded = [trace('gone', 35), trace('b', 20), trace('a', 10)];
    expect(ids(mergeTraces([trace('d', 40), trace('b', 20)], loaded, false))).toEqual(['d', 'b', 'a']);
    expect(ids(mergeTraces([trace('d', 40)], loaded, true))).toEqual(['d']);
    expect(mergeTraces([], loaded, true)).toEqual([]);
  });

  it('follows a trace whose earlier spans came late', () => {
    const merged = mergeTraces([trace('b', 20), trace('a', 5)], [trace('a', 25), trace('b', 20)], false);
    expect(ids(merged)).toEqual(['b', 'a']);
  });

  it('shows each trace once, newest first', () => {
    const anyTraces = fc.array(
      fc
        .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 50 }))
        .map(([id, at]) => trace(`${id}`, at)),
    );
    fc.assert(
      fc.property(anyTraces, anyTraces, fc.boolean(), (fresh, loaded, isAll) => {
        for (const merged of [
          mergeTraces(fresh, loaded, isAll),
          appendTraces(mergeTraces(loaded, [], true), fresh),
        ]) {
          expect(new Set(ids(merged)).size).toBe(merged.length);
          const starts = merged.map((found) => Number(found.startUnixNano));
          expect(starts).toEqual(starts.toSorted((a, b) => b - a));
        }
      }),
    );
  });
});
