import { encodeMetrics } from '@clickspan/shared/otlp';
import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { Guard } from '../../platform/guard.ts';
import type { SignalExporter } from '../../model/signalExporter.ts';
import type { Signal } from '../../model/signal.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { InvocationMetrics, MeasuredOutcome } from './invocationMetrics.ts';

/** Counts every invocation, whether its trace is recorded or not. */
export interface Metrics {
  /** An invocation begins; gives what is told how it has ended. */
  readonly watch: () => (outcome: Outcome) => void;
  /** Counts an invocation whose process has died, with what that was last seen to have of memory, or 0. */
  addDead(outcome: Outcome, seenBytes: number): void;
  /** What is exported, and how. */
  readonly signal: Signal<EncodedRecord>;
  /** An exporter that counts first what has ended. */
  toExporter(exporter: SignalExporter): SignalExporter;
}

/** What they need. */
export interface MetricsEnvironment {
  /** Loads and starts what sums up, which nobody waits for: it happens once a response has left. May throw. */
  readonly load: () => InvocationMetrics;
  readonly guard: Guard;
  /** `undefined` where several invocations share a process. */
  readonly cpuSeconds: (() => number) | undefined;
}

/**
 * Makes the metrics. While a caller waits, an invocation is only noted.
 *
 * What could not be sent goes out again as it was, with its own times, and not as part of what follows: where a collector had
 * taken it although its answer was lost, a back end that knows a point by series and time counts it once.
 */
export function createMetrics({ load, guard, cpuSeconds }: MetricsEnvironment): Metrics {
  let ended: MeasuredOutcome[] = [];
  let loaded: InvocationMetrics | undefined;
  const count = (): void => {
    const outcomes = ended;
    ended = [];
    if (outcomes.length > 0) guard(() => (loaded ??= load()).record(outcomes));
  };
  return {
    watch() {
      const cpuStartSeconds = cpuSeconds?.();
      return (outcome) => void ended.push({ ...outcome, cpuStartSeconds });
    },
    addDead(outcome, seenBytes) {
      ended.push({ ...outcome, cpuStartSeconds: undefined, memoryBytes: seenBytes || NaN });
    },
    signal: {
      name: 'metrics',
      records: 'metrics',
      encode: (record) => record,
      encodeBatch: encodeMetrics,
      collect: () => loaded?.collect() ?? [],
    },
    toExporter: (exporter) => ({
      ...exporter,
      unsent() {
        count();
        return exporter.unsent();
      },
      flush(moment) {
        count();
        return exporter.flush(moment);
      },
    }),
  };
}
