import { CLICKSPAN_DROPPED_LOGS } from '@clickspan/shared/attributes';
import { toJson } from '@clickspan/shared/json';
import { encodeLog, encodeLogs } from '@clickspan/shared/otlp';
import type { Scope } from '@clickspan/shared/tracer';
import type { Exporter } from '../features/export/exporter.ts';
import type { Signal } from '../model/signal.ts';
import { toMaskedException } from '../features/invocation/exception.ts';
import { createTokenBucket } from '../features/invocation/sampling.ts';
import type { LogLine } from '../features/logs/logLine.ts';
import type { SignalExporter } from '../model/signalExporter.ts';
import type { LambdaOptions } from '../options.ts';
import type { ActiveContext } from '../platform/activeContext.ts';
import type { Clock } from '../platform/clock.ts';
import type { Guard } from '../platform/guard.ts';
import { toMaskedJson } from '../platform/maskedJson.ts';
import { maskSecrets } from '../platform/maskSecrets.ts';
import type { LoadLogs, Logs } from './startLogs.ts';

/** What is needed to start taking logs. */
export interface LogStart {
  readonly load: LoadLogs;
  readonly options: LambdaOptions;
  readonly contexts: ActiveContext;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly concurrent: boolean;
  readonly scope: Scope;
  /** Makes the exporter of a signal; `undefined` where it goes nowhere. */
  readonly createExporter: (signal: Signal<LogLine>) => Exporter<LogLine> | undefined;
  readonly add: (exporter: SignalExporter) => void;
}

/**
 * Loads what takes logs, where they are wanted, and starts it.
 *
 * @returns `undefined` where they are not, or where that fails: the function runs without
 */
export function takeLogs(start: LogStart): Logs | undefined {
  const { load, options, contexts, clock, guard, concurrent, scope } = start;
  const level = options.logs;
  if (level === 'off') return undefined;
  return guard(() => {
    let logs: Logs | undefined;
    const exporter = start.createExporter({
      name: 'logs',
      records: 'log records',
      encode: (line) => logs?.encode(line),
      encodeBatch: encodeLogs,
      droppedAttribute: CLICKSPAN_DROPPED_LOGS,
      maxUnencoded: Infinity,
    });
    if (!exporter) return undefined;
    start.add(exporter);
    logs = load()({
      level,
      contexts,
      now: clock.now,
      guard,
      concurrent,
      scope,
      maxPerInvocation: options.maxLogs,
      maxWaitingCharacters: options.maxQueueBytes,
      add: exporter.add,
      countDropped: () => exporter.countDropped(1),
      createTokenBucket,
      encodeLog,
      maskText: maskSecrets,
      toMaskedJson,
      toMaskedException,
      toJson,
    });
    return logs;
  });
}
