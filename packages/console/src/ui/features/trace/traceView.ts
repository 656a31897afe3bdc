import { CLICKSPAN_ACTION_COLD_START_MS } from '@clickspan/shared/attributes';
import type { Trace } from '../../../api/types.ts';
import { findClockSkew } from './clockSkew.ts';
import type { SkewNote } from './clockSkew.ts';
import { summariseColdStarts } from './coldStarts.ts';
import type { ColdStart } from './coldStarts.ts';
import { SPAN_CATEGORIES, toSpanCategory, toSpanIcon } from './spanCategory.ts';
import type { SpanCategory, SpanIcon } from './spanCategory.ts';
import { toSpanDetail } from './spanDetail.ts';
import { createSpanTree } from './spanTree.ts';
import type { SpanNode } from './spanTree.ts';
import type { TimeWindow } from './timeAxis.ts';

/** One span as the waterfall draws it. */
export interface SpanView {
  readonly node: SpanNode;
  readonly category: SpanCategory;
  readonly icon: SpanIcon;
  /** Where it is drawn: ms after the trace's start, corrected for clock skew. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly skew: SkewNote | undefined;
  readonly isCold: boolean;
  readonly containsCold: boolean;
  readonly isError: boolean;
  /** Spans below it, itself not counted. */
  readonly descendantCount: number;
  /** Path, table or queue, where the name does not tell. */
  readonly detail: string;
  /** Its place among its siblings, from 1, and how many they are. */
  readonly position: number;
  readonly siblingCount: number;
}

/** A trace, ready to be drawn. */
export interface TraceView {
  readonly traceId: string;
  readonly roots: readonly SpanNode[];
  /** By span id. */
  readonly views: ReadonlyMap<string, SpanView>;
  /** The first true root; while it has not arrived, the earliest span; absent when there is no span. */
  readonly head: SpanView | undefined;
  readonly rootSeen: boolean;
  /** The drawn whole: from 0 to the latest end. */
  readonly window: TimeWindow;
  /** When the window begins: unix nanoseconds as a decimal string. */
  readonly startUnixNano: string;
  /** In the order of their first spans. */
  readonly services: readonly string[];
  /** Those that occur, in the legend's order. */
  readonly categories: readonly SpanCategory[];
  readonly coldStarts: readonly ColdStart[];
  /** How much of the user's action was waiting for cold starts, as its page counted it, ms; 0 when none. */
  readonly actionColdMs: number;
  readonly errorCount: number;
  readonly truncated: boolean;
}

const NANOS_PER_MS = 1e6;

/** Works out everything that the trace page shows of a trace. */
export function createTraceView(trace: Trace): TraceView {
  const tree = createSpanTree(trace.spans);
  const skew = findClockSkew(tree);
  const { coldStarts, containing, cold } = summariseColdStarts(tree);
  const nodes = [...tree.nodes.values()];
  const drawnAt = (node: SpanNode): number => node.startMs + (skew.get(node.span.spanId)?.shiftMs ?? 0);
  let earliestMs = Number.POSITIVE_INFINITY;
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const node of nodes) {
    earliestMs = Math.min(earliestMs, drawnAt(node));
    latestMs = Math.max(latestMs, drawnAt(node) + node.durationMs);
  }
  const descendants = countDescendants(nodes);
  const positions = findPositions(tree.roots, nodes);
  const views = new Map<string, SpanView>();
  for (const node of nodes) {
    const { spanId } = node.span;
    views.set(spanId, {
      node,
      category: toSpanCategory(node.span),
      icon: toSpanIcon(node.span),
      startMs: drawnAt(node) - earliestMs,
      durationMs: node.durationMs,
      skew: skew.get(spanId),
      isCold: cold.has(spanId),
      containsCold: containing.has(spanId),
      isError: node.span.status.code === 'Error',
      detail: toSpanDetail(node.span),
      descendantCount: descendants.get(spanId) ?? 0,
      position: positions.get(spanId) ?? 1,
      siblingCount: node.parent?.children.length ?? tree.roots.length,
    });
  }
  const all = [...views.values()];
  const byStart = all.toSorted((a, b) => a.startMs - b.startMs);
  const present = new Set(all.map((view) => view.category));
  const first = tree.roots[0];
  return {
    traceId: trace.traceId,
    roots: tree.roots,
    views,
    head: first && views.get(first.span.spanId),
    rootSeen: first?.placement === 'root',
    window: { startMs: 0, endMs: all.length > 0 ? latestMs - earliestMs : 0 },
    startUnixNano: String(
      tree.baseUnixNano + BigInt(all.length > 0 ? Math.round(earliestMs * NANOS_PER_MS) : 0),
    ),
    services: [...new Set(byStart.map((view) => view.node.span.service))],
    categories: SPAN_CATEGORIES.filter((category) => present.has(category)),
    coldStarts,
    actionColdMs: first ? toActionColdMs(first) : 0,
    errorCount: all.filter((view) => view.isError).length,
    truncated: trace.truncated,
  };
}

function toActionColdMs({ span }: SpanNode): number {
  const coldMs = Number(span.attributes[CLICKSPAN_ACTION_COLD_START_MS] ?? 0);
  // Requests side by side may have waited for the same time twice.
  return coldMs > 0 ? Math.min(coldMs, span.durationMs) : 0;
}

function countDescendants(parentsFirst: readonly SpanNode[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of parentsFirst.toReversed()) {
    const { parent } = node;
    if (!parent) continue;
    const own = counts.get(node.span.spanId) ?? 0;
    counts.set(parent.span.spanId, (counts.get(parent.span.spanId) ?? 0) + own + 1);
  }
  return counts;
}

function findPositions(roots: readonly SpanNode[], nodes: readonly SpanNode[]): Map<string, number> {
  const positions = new Map<string, number>();
  for (const siblings of [roots, ...nodes.map((node) => node.children)]) {
    for (const [index, node] of siblings.entries()) positions.set(node.span.spanId, index + 1);
  }
  return positions;
}
