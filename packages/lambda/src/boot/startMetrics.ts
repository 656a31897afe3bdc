import type { Scope } from '@clickspan/shared/tracer';
import { createInvocationMetrics } from '../features/metrics/invocationMetrics.ts';
import type { InvocationMetrics } from '../features/metrics/invocationMetrics.ts';
import { readCpuSeconds } from '../platform/cpuTime.ts';
import { readPeakMemoryBytes, readThreadId } from '../platform/processUsage.ts';

/** What is told of the agent that it works for. */
export interface MetricsStart {
  readonly scope: Scope;
  /** Unix ms. */
  readonly now: () => number;
  /** Several threads serve this environment. */
  readonly concurrent: boolean;
}

/** Loads what `startMetrics` is a part of; at once, since a process that ends waits for nothing. */
export type LoadMetrics = () => (start: MetricsStart) => InvocationMetrics;

/** Starts to sum up. */
export function startMetrics({ scope, now, concurrent }: MetricsStart): InvocationMetrics {
  return createInvocationMetrics({
    scope,
    now,
    cpuSeconds: readCpuSeconds,
    peakMemoryBytes: readPeakMemoryBytes,
    threadId: concurrent ? readThreadId() : undefined,
  });
}
