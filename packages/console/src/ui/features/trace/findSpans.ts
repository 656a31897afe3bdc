import { toVisibleNodes } from './spanTree.ts';
import type { SpanNode } from './spanTree.ts';

const NOTHING_FOLDED: ReadonlySet<string> = new Set();

/**
 * Finds spans by text in their name, service, ids, or the values of their attributes, whatever its case.
 *
 * @returns ids in the order of the waterfall, folded spans too; none for blank text
 */
export function findSpans(roots: readonly SpanNode[], wanted: string): string[] {
  const needle = wanted.trim().toLowerCase();
  if (needle === '') return [];
  return toVisibleNodes(roots, NOTHING_FOLDED)
    .filter(({ span }) =>
      [span.name, span.service, span.spanId, ...Object.values(span.attributes)].some((value) =>
        value.toLowerCase().includes(needle),
      ),
    )
    .map((node) => node.span.spanId);
}
