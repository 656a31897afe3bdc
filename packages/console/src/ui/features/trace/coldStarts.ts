import {
  CLICKSPAN_COLD_START_MS,
  CLICKSPAN_INIT_MS,
  CLICKSPAN_SPAN_TYPE,
  FAAS_COLDSTART,
  FAAS_INSTANCE,
} from '@clickspan/shared/attributes';
import type { SpanNode, SpanTree } from './spanTree.ts';

/** One environment that had to be started for this trace. */
export interface ColdStart {
  /** The invocation; or the request that was told of it, while the invocation has not arrived. */
  readonly spanId: string;
  /** The function's service; that of the page while only the request tells. */
  readonly service: string;
  /** How long the caller waited for the init, ms; absent when the init ran before anybody called. */
  readonly waitedMs: number | undefined;
}

/** Everything that a trace says about cold starts. */
export interface ColdStartSummary {
  /** By start time. */
  readonly coldStarts: readonly ColdStart[];
  /** Ids of the cold spans and of everything above them, up to the root. */
  readonly containing: ReadonlySet<string>;
  /** Ids of the invocations (or requests) that were cold themselves. */
  readonly cold: ReadonlySet<string>;
}

/** Finds the cold starts of a trace and marks the way from the root down to each. */
export function summariseColdStarts(tree: SpanTree): ColdStartSummary {
  const coldStarts: { at: number; found: ColdStart }[] = [];
  const containing = new Set<string>();
  const cold = new Set<string>();
  const add = (node: SpanNode, waitedMs: number | undefined): void => {
    const { spanId, service } = node.span;
    coldStarts.push({ at: node.startMs, found: { spanId, service, waitedMs } });
    cold.add(spanId);
    for (let up: SpanNode | undefined = node; up && !containing.has(up.span.spanId); up = up.parent) {
      containing.add(up.span.spanId);
    }
  };
  for (const node of tree.nodes.values()) {
    if (node.span.attributes[FAAS_COLDSTART] === 'true' && !isInit(node)) add(node, findWaitMs(node, tree));
  }
  // A response tells its page of the cold start before the function's own span is stored.
  for (const node of tree.nodes.values()) {
    const waitedMs = toMs(node.span.attributes[CLICKSPAN_COLD_START_MS]);
    if (waitedMs !== undefined && node.span.kind === 'Client' && !containing.has(node.span.spanId)) {
      add(node, waitedMs);
    }
  }
  coldStarts.sort((a, b) => a.at - b.at);
  return { coldStarts: coldStarts.map(({ found }) => found), containing, cold };
}

function isInit(node: SpanNode): boolean {
  return node.span.attributes[CLICKSPAN_SPAN_TYPE] === 'init';
}

function findWaitMs(invocation: SpanNode, tree: SpanTree): number | undefined {
  const siblings = invocation.parent
    ? invocation.parent.children
    : tree.roots.filter((root) => root.span.parentSpanId === invocation.span.parentSpanId);
  const init = [...siblings, ...invocation.children].find(
    (node) => isInit(node) && node.span.service === invocation.span.service && sameInstance(node, invocation),
  );
  return init?.durationMs ?? toMs(invocation.span.attributes[CLICKSPAN_INIT_MS]);
}

function sameInstance(a: SpanNode, b: SpanNode): boolean {
  const [one, other] = [a.span.resource[FAAS_INSTANCE], b.span.resource[FAAS_INSTANCE]];
  return one === undefined || other === undefined || one === other;
}

function toMs(text: string | undefined): number | undefined {
  const value = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The cold starts of one service within a trace. */
export interface ColdService {
  readonly service: string;
  readonly count: number;
  /** What callers waited in all, ms; absent when nobody waited. */
  readonly waitedMs: number | undefined;
}

/** Sums cold starts by service, in the order in which the trace reached them. */
export function sumByService(coldStarts: readonly ColdStart[]): ColdService[] {
  const sums = new Map<string, ColdService>();
  for (const { service, waitedMs } of coldStarts) {
    const sum = sums.get(service);
    const waited = waitedMs === undefined ? sum?.waitedMs : (sum?.waitedMs ?? 0) + waitedMs;
    sums.set(service, { service, count: (sum?.count ?? 0) + 1, waitedMs: waited });
  }
  return [...sums.values()];
}
