import { CLICKSPAN_DROPPED_LOGS } from '@clickspan/shared/attributes';
import { toJson } from '@clickspan/shared/json';
import { encodeLog, encodeLogs } from '@clickspan/shared/otlp';
import type { LogRecord } from '@clickspan/shared/otlp';
import type { EndedSpan, Scope } from '@clickspan/shared/tracer';
import type { Exporter } from '../features/export/exporter.ts';
import type { Signal } from '../model/signal.ts';
import { toMaskedException } from '../features/invocation/exception.ts';
import { createTokenBucket } from '../features/invocation/sampling.ts';
import { createExceptionTaker } from '../features/logs/exceptionRecords.ts';
import type { LogLine } from '../features/logs/logLine.ts';
import type { SignalExporter } from '../model/signalExporter.ts';
import { wantsLogs } from '../options.ts';
import type { LambdaOptions } from '../options.ts';
import type { ActiveContext } from '../platform/activeContext.ts';
import type { Clock } from '../platform/clock.ts';
import type { Guard } from '../platform/guard.ts';
import { toMaskedJson } from '../platform/maskedJson.ts';
import { maskSecrets } from '../platform/maskSecrets.ts';
import type { LoadLogs, Logs } from './startLogs.ts';

/** What a log record is made of: something that the function has written, or a record that is made already. */
type LogItem = LogLine | LogRecord;

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
  readonly createExporter: (signal: Signal<LogItem>) => Exporter<LogItem> | undefined;
  readonly add: (exporter: SignalExporter) => void;
}

/** What is done with logs. */
export interface TakenLogs {
  /** `undefined` where what the function writes is not taken. */
  readonly logs: Logs | undefined;
  /** Takes the exceptions of a span, if they are to be log records; gives the span as it is to be told. */
  readonly takeExceptions: (span: EndedSpan) => EndedSpan;
}

/** So many exceptions wait to be encoded: a span has no more events, a function may have many spans. */
const MAX_WAITING_EXCEPTIONS = 1000;

/**
 * Exports logs where they are wanted: what the function writes, whose loading may fail, so that the function runs without,
 * and the exceptions of its spans.
 */
export function takeLogs(start: LogStart): TakenLogs {
  const { load, options, contexts, clock, guard, concurrent, scope, add } = start;
  const { logs: level, exceptionSignal } = options;
  const nothing: TakenLogs = { logs: undefined, takeExceptions: (span) => span };
  if (!wantsLogs(options)) return nothing;
  let logs: Logs | undefined;
  let waiting = 0;
  const exporter = start.createExporter({
    name: 'logs',
    records: 'log records',
    encode(item) {
      if (!('scope' in item)) return logs?.encode(item);
      waiting--;
      return encodeLog(item);
    },
    encodeBatch: encodeLogs,
    droppedAttribute: CLICKSPAN_DROPPED_LOGS,
    maxUnencoded: Infinity,
  });
  if (!exporter) return nothing;
  add(exporter);
  const takeExceptions = createExceptionTaker(exceptionSignal, (record) => {
    if (waiting >= MAX_WAITING_EXCEPTIONS) return exporter.countDropped(1);
    waiting++;
    exporter.add(record);
  });
  if (level !== 'off')
    logs = guard(() =>
      load()({
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
      }),
    );
  return { logs, takeExceptions };
}
