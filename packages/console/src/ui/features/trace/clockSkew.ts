import { FAAS_INSTANCE, SERVICE_INSTANCE_ID } from '@clickspan/shared/attributes';
import type { SpanNode, SpanTree } from './spanTree.ts';

/** What the clocks of two machines did to a span. */
export interface SkewNote {
  /** How far the span is drawn from where its own clock puts it, ms; 0 when it was left there. */
  readonly shiftMs: number;
  /** `moved`: the clocks differ; `inherited`: moved along with an ancestor; `outlived`: it ran on after its caller had gone. */
  readonly reason: 'moved' | 'inherited' | 'outlived';
}

/** Clocks are read in steps (browsers: 0.1 to 1 ms), so a difference below this says nothing. */
const TOLERANCE_MS = 1;

/**
 * Finds the spans that their machine's clock puts outside of the client span that called them, which cannot be, and how
 * far to move them so that they fit. Spans of one process below the same caller (an init beside its invocation) move
 * together, and what hangs below a moved span moves with it.
 *
 * @returns notes by span id, of those spans only of which there is something to say
 */
export function findClockSkew(tree: SpanTree): Map<string, SkewNote> {
  const notes = new Map<string, SkewNote>();
  const shifts = new Map<string, number>();
  // Parents come before children, so the shift of a parent is known when its children are looked at.
  for (const parent of tree.nodes.values()) {
    const inherited = shifts.get(parent.span.spanId) ?? 0;
    for (const group of groupByProcess(parent.children)) {
      const first = group[0]!;
      const remote = isCaller(parent) && toProcess(first) !== toProcess(parent);
      const found = remote ? judge(parent, group) : undefined;
      const shiftMs = inherited + (found?.shiftMs ?? 0);
      for (const node of group) {
        if (shiftMs !== 0) shifts.set(node.span.spanId, shiftMs);
        if (found) notes.set(node.span.spanId, { shiftMs, reason: found.reason });
        else if (shiftMs !== 0) notes.set(node.span.spanId, { shiftMs, reason: 'inherited' });
      }
    }
  }
  return notes;
}

function isCaller(node: SpanNode): boolean {
  return node.span.kind === 'Client' || node.span.kind === 'Producer';
}

/** What has one clock: an execution environment, else an instance, else a service. */
function toProcess(node: SpanNode): string {
  const { resource, attributes, service } = node.span;
  const instance =
    resource[FAAS_INSTANCE] ?? attributes[FAAS_INSTANCE] ?? resource[SERVICE_INSTANCE_ID] ?? '';
  return `${service}\n${instance}`;
}

function groupByProcess(children: readonly SpanNode[]): SpanNode[][] {
  const groups = new Map<string, SpanNode[]>();
  for (const child of children) {
    const process = toProcess(child);
    const group = groups.get(process);
    if (group) group.push(child);
    else groups.set(process, [child]);
  }
  return [...groups.values()];
}

/** Times here are relative to the parent's recorded start. */
function judge(
  parent: SpanNode,
  group: readonly SpanNode[],
): { shiftMs: number; reason: 'moved' | 'outlived' } | undefined {
  const startMs = Math.min(...group.map((node) => node.startMs)) - parent.startMs;
  const endMs = Math.max(...group.map((node) => node.startMs + node.durationMs)) - parent.startMs;
  const lengthMs = endMs - startMs;
  const early = startMs < -TOLERANCE_MS;
  // A message is picked up whenever its reader likes, but never before it was sent.
  const isMessage = parent.span.kind === 'Producer' || group.some((node) => node.span.kind === 'Consumer');
  if (isMessage) return early ? { shiftMs: -startMs, reason: 'moved' } : undefined;
  const late = endMs > parent.durationMs + TOLERANCE_MS;
  if (!early && !late) return undefined;
  const fits = lengthMs <= parent.durationMs + TOLERANCE_MS;
  if (fits) {
    // The caller left early and the callee began in time: nothing says that a clock is wrong.
    const plausible = !early && startMs <= parent.durationMs && parent.span.status.code === 'Error';
    if (plausible) return { shiftMs: 0, reason: 'outlived' };
    return { shiftMs: Math.max(0, (parent.durationMs - lengthMs) / 2) - startMs, reason: 'moved' };
  }
  if (early || startMs > parent.durationMs + TOLERANCE_MS) return { shiftMs: -startMs, reason: 'moved' };
  return { shiftMs: 0, reason: 'outlived' };
}
