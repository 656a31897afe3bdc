import type { Scope } from '@clickspan/shared/tracer';
import { createMetrics } from '../features/metrics/metrics.ts';
import type { Metrics } from '../features/metrics/metrics.ts';
import type { Signal } from '../model/signal.ts';
import type { SignalExporter } from '../model/signalExporter.ts';
import type { Clock } from '../platform/clock.ts';
import { readCpuSeconds } from '../platform/cpuTime.ts';
import type { Guard } from '../platform/guard.ts';
import type { LoadMetrics } from './startMetrics.ts';

/** What is needed to count. */
export interface MetricStart {
  readonly load: LoadMetrics;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly concurrent: boolean;
  readonly scope: Scope;
  /** Makes the exporter of a signal; `undefined` where it goes nowhere. */
  readonly createExporter: <T>(signal: Signal<T>) => SignalExporter | undefined;
  readonly add: (exporter: SignalExporter) => void;
}

/**
 * Starts to count; what sums up is loaded when there is something to count.
 *
 * @returns `undefined` where metrics go nowhere
 */
export function takeMetrics(start: MetricStart): Metrics | undefined {
  const { load, clock, guard, concurrent, scope } = start;
  const metrics = createMetrics({
    load: () => load()({ scope, now: clock.now, concurrent }),
    guard,
    cpuSeconds: concurrent ? undefined : readCpuSeconds,
  });
  const exporter = start.createExporter(metrics.signal);
  if (!exporter) return undefined;
  start.add(metrics.toExporter(exporter));
  return metrics;
}
