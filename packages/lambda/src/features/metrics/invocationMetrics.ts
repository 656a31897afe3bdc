import {
  CLICKSPAN_INIT_MS,
  CLICKSPAN_INIT_TYPE,
  ERROR_TYPE,
  FAAS_COLDSTART,
  FAAS_TRIGGER,
  THREAD_ID,
} from '@clickspan/shared/attributes';
import { createDeltaSums } from '@clickspan/shared/metrics';
import type { Instrument } from '@clickspan/shared/metrics';
import { encodeMetric } from '@clickspan/shared/otlp';
import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { Scope } from '@clickspan/shared/tracer';
import type { Attributes } from '@opentelemetry/api';
import type { Outcome } from '../../model/outcome.ts';

/** An invocation that has ended, and what it has used. */
export interface MeasuredOutcome extends Outcome {
  /** The process's processor time when it began, s; `undefined` where others run in it too, or it has died. */
  readonly cpuStartSeconds: number | undefined;
  /** What the process was seen to have, where it has died. */
  readonly memoryBytes?: number | undefined;
}

/** Sums up how invocations end. */
export interface InvocationMetrics {
  /** Counts invocations whose responses have just left. */
  record(outcomes: readonly MeasuredOutcome[]): void;
  /** Gives what has been summed up since it was called before, as metrics of OTLP. */
  collect(): readonly EncodedRecord[];
}

/** What they need. */
export interface InvocationMetricsEnvironment {
  readonly scope: Scope;
  /** Unix ms. */
  readonly now: () => number;
  readonly cpuSeconds: () => number;
  readonly peakMemoryBytes: () => number;
  /** Where several threads serve an environment, which of them this is: each counts for itself. */
  readonly threadId: number | undefined;
}

/** As the conventions advise. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** The conventions advise none; these are sizes that functions are given, from what Node needs up to the largest. */
const BYTES = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 10_240].map(
  (megabytes) => megabytes * 1_048_576,
);

const INVOCATIONS: Instrument = { name: 'faas.invocations', unit: '{invocation}' };
const ERRORS: Instrument = { name: 'faas.errors', unit: '{error}' };
const TIMEOUTS: Instrument = { name: 'faas.timeouts', unit: '{timeout}' };
const COLD_STARTS: Instrument = { name: 'faas.coldstarts', unit: '{coldstart}' };
const INVOKE_DURATION: Instrument = { name: 'faas.invoke_duration', unit: 's', bounds: SECONDS };
const INIT_DURATION: Instrument = { name: 'faas.init_duration', unit: 's', bounds: SECONDS };
const CPU_USAGE: Instrument = { name: 'faas.cpu_usage', unit: 's', bounds: SECONDS };
const MEMORY_USAGE: Instrument = { name: 'faas.mem_usage', unit: 'By', bounds: BYTES };

/**
 * Makes the metrics of this environment's invocations.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/faas/faas-metrics/
 */
export function createInvocationMetrics(environment: InvocationMetricsEnvironment): InvocationMetrics {
  const { scope, now, cpuSeconds, peakMemoryBytes, threadId } = environment;
  const sums = createDeltaSums(scope);

  const count = (outcome: MeasuredOutcome): void => {
    const { attributes, startUnixMs, endUnixMs, errorType, timedOut, cpuStartSeconds } = outcome;
    const initMs = attributes[CLICKSPAN_INIT_MS];
    const series: Attributes = { [FAAS_TRIGGER]: attributes[FAAS_TRIGGER] ?? 'other' };
    if (threadId !== undefined) series[THREAD_ID] = threadId;
    const sinceUnixMs = startUnixMs - (Number(initMs) || 0);
    const add = (instrument: Instrument, value: number, more?: Attributes): void =>
      sums.add(instrument, value, { ...series, ...more }, sinceUnixMs);

    if (errorType === undefined) add(INVOCATIONS, 1);
    else add(ERRORS, 1, { [ERROR_TYPE]: errorType });
    if (timedOut) add(TIMEOUTS, 1);
    if (attributes[FAAS_COLDSTART] === true) add(COLD_STARTS, 1);
    if (typeof initMs === 'number')
      add(INIT_DURATION, initMs / 1000, { [CLICKSPAN_INIT_TYPE]: attributes[CLICKSPAN_INIT_TYPE] });
    add(INVOKE_DURATION, (endUnixMs - startUnixMs) / 1000);
    if (cpuStartSeconds !== undefined) add(CPU_USAGE, cpuSeconds() - cpuStartSeconds);
    add(MEMORY_USAGE, outcome.memoryBytes ?? peakMemoryBytes());
  };

  return {
    record: (outcomes) => outcomes.forEach(count),
    collect: () => sums.take(now()).map(encodeMetric),
  };
}
