import type { Span } from '../../../api/types.ts';
import { parseUnixNano } from '../../format.ts';

/**
 * Why a span stands where it stands: `root` has no parent, `child` stands below its parent, `orphan` names a parent that
 * is not among the spans, `loop` names itself or one of its descendants as its parent.
 */
export type SpanPlacement = 'root' | 'child' | 'orphan' | 'loop';

/** One span in its tree. */
export interface SpanNode {
  readonly span: Span;
  readonly parent: SpanNode | undefined;
  /** By start time. */
  readonly children: readonly SpanNode[];
  readonly depth: number;
  readonly placement: SpanPlacement;
  /** As recorded: ms after the tree's `baseUnixNano`. */
  readonly startMs: number;
  /** Never negative. */
  readonly durationMs: number;
}

/** The spans of a trace as a forest. */
export interface SpanTree {
  /** By start time, true roots first. */
  readonly roots: readonly SpanNode[];
  /** Every node by span id, parents before their children. */
  readonly nodes: ReadonlyMap<string, SpanNode>;
  /** The earliest recorded start. */
  readonly baseUnixNano: bigint;
}

interface Building extends SpanNode {
  parent: SpanNode | undefined;
  children: Building[];
  depth: number;
  placement: SpanPlacement;
}

const NANOS_PER_MS = 1e6;

/**
 * Builds the forest of a trace. Nothing is left out whatever the spans say: a missing parent, a parent loop, and a span
 * id that comes twice (the first counts) end up as marked roots at the worst.
 */
export function createSpanTree(spans: readonly Span[]): SpanTree {
  const starts = spans.map((span) => parseUnixNano(span.startUnixNano));
  const baseUnixNano = starts.reduce((least, start) => (start < least ? start : least), starts[0] ?? 0n);
  const all = new Map<string, Building>();
  for (const [index, span] of spans.entries()) {
    if (all.has(span.spanId)) continue;
    const startMs = Number((starts[index] ?? 0n) - baseUnixNano) / NANOS_PER_MS;
    const durationMs = span.durationMs > 0 && Number.isFinite(span.durationMs) ? span.durationMs : 0;
    const placement = span.parentSpanId === '' ? 'root' : 'orphan';
    all.set(span.spanId, { span, parent: undefined, children: [], depth: 0, placement, startMs, durationMs });
  }
  const ordered = [...all.values()].sort(byStart);
  for (const node of ordered) attach(node, all);
  const roots = ordered.filter((node) => node.placement !== 'child');
  const nodes = collect(roots);
  // What no root leads to hangs on a loop: the earliest of each is cut loose and becomes a root.
  for (const node of ordered) {
    if (nodes.has(node.span.spanId)) continue;
    cutLoose(node);
    roots.push(node);
    for (const [id, found] of collect([node])) nodes.set(id, found);
  }
  roots.sort((a, b) => Number(b.placement === 'root') - Number(a.placement === 'root') || byStart(a, b));
  return { roots, nodes, baseUnixNano };
}

function byStart(a: SpanNode, b: SpanNode): number {
  return a.startMs - b.startMs || (a.span.spanId < b.span.spanId ? -1 : 1);
}

function attach(node: Building, all: ReadonlyMap<string, Building>): void {
  const parent = all.get(node.span.parentSpanId);
  if (node.placement === 'root' || !parent) return;
  node.parent = parent;
  node.placement = 'child';
  parent.children.push(node);
}

function cutLoose(node: Building): void {
  const parent = node.parent as Building | undefined;
  if (parent) parent.children = parent.children.filter((child) => child !== node);
  node.parent = undefined;
  node.placement = 'loop';
}

/** Walks down without recursion (a chain may be thousands deep), sets depths, and lists parents before children. */
function collect(roots: readonly Building[]): Map<string, Building> {
  const found = new Map<string, Building>();
  const stack: Building[] = roots.toReversed();
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (found.has(node.span.spanId)) continue;
    const parent = node.parent;
    node.depth = parent ? parent.depth + 1 : 0;
    found.set(node.span.spanId, node);
    for (let index = node.children.length - 1; index >= 0; index--) stack.push(node.children[index]!);
  }
  return found;
}

/**
 * The spans of a forest from top to bottom, without what is below collapsed ones.
 *
 * @param collapsed ids of the spans whose children are hidden
 */
export function toVisibleNodes(roots: readonly SpanNode[], collapsed: ReadonlySet<string>): SpanNode[] {
  const visible: SpanNode[] = [];
  const stack: SpanNode[] = roots.toReversed();
  for (let node = stack.pop(); node; node = stack.pop()) {
    visible.push(node);
    if (collapsed.has(node.span.spanId)) continue;
    for (let index = node.children.length - 1; index >= 0; index--) stack.push(node.children[index]!);
  }
  return visible;
}
