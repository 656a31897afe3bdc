import type { TraceSummary } from '../../../api/types.ts';
import { parseUnixNano } from '../../format.ts';

/**
 * Puts a fresh first page over what was loaded before: what the page covers comes from it alone, what is older stays.
 *
 * @param fresh newest first, without gaps
 * @param loaded what is shown now
 * @param isAll whether the fresh page is the whole list
 * @returns newest first, each trace once
 */
export function mergeTraces(
  fresh: readonly TraceSummary[],
  loaded: readonly TraceSummary[],
  isAll: boolean,
): TraceSummary[] {
  const merged = new Map<string, TraceSummary>();
  for (const trace of fresh) merged.set(trace.traceId, trace);
  const last = fresh.at(-1);
  if (!isAll && last) {
    const oldest = parseUnixNano(last.startUnixNano);
    for (const trace of loaded) {
      if (parseUnixNano(trace.startUnixNano) <= oldest && !merged.has(trace.traceId)) {
        merged.set(trace.traceId, trace);
      }
    }
  }
  return [...merged.values()].sort(newestFirst);
}

/** Adds an older page below what is loaded. */
export function appendTraces(
  loaded: readonly TraceSummary[],
  older: readonly TraceSummary[],
): TraceSummary[] {
  const all = new Map([...older, ...loaded].map((trace) => [trace.traceId, trace]));
  return [...all.values()].sort(newestFirst);
}

function newestFirst(a: TraceSummary, b: TraceSummary): number {
  const [one, other] = [parseUnixNano(a.startUnixNano), parseUnixNano(b.startUnixNano)];
  if (one !== other) return one > other ? -1 : 1;
  return a.traceId < b.traceId ? -1 : 1;
}
