import type { EncodedRecord, LogRecord } from '@clickspan/shared/otlp';
import type { Scope } from '@clickspan/shared/tracer';
import { createLogCapture } from '../features/logs/captureLogs.ts';
import type { CaptureEnvironment, LogCapture } from '../features/logs/captureLogs.ts';
import { toLogRecord } from '../features/logs/logLine.ts';
import type { LogLine, LogMasking } from '../features/logs/logLine.ts';
import { SEVERITY_ERROR } from '../features/logs/severity.ts';
import { observeOutput } from '../platform/output.ts';

/**
 * What logs need. Everything that the agent has already comes as an argument: this file is loaded only where logs are
 * wanted, and must not bring it a second time.
 */
export interface LogsEnvironment
  extends
    Omit<CaptureEnvironment, 'types' | 'takeOne' | 'takeError'>,
    Pick<LogMasking, 'maskText' | 'toMaskedException' | 'toJson'> {
  readonly toMaskedJson: (payload: unknown, maxLength: number) => string;
  readonly scope: Scope;
  /** How much may wait to be taken apart. */
  readonly maxWaitingCharacters: number;
  readonly createTokenBucket: (perSecond: number, nowMs: () => number) => () => boolean;
  readonly encodeLog: (record: LogRecord) => EncodedRecord;
}

/** The logs of this process. */
export interface Logs extends Pick<LogCapture, 'enter' | 'leave'> {
  /** Makes a line a record, as text; nothing where it is none that is wanted. */
  encode(line: LogLine): EncodedRecord | undefined;
}

/** Loads what `startLogs` is a part of; at once, since the function's code comes next. */
export type LoadLogs = () => (environment: LogsEnvironment) => Logs;

/** Lines beyond so many a second are not taken: a loop that logs must not fill the queue. Errors have as many again. */
const MAX_PER_SECOND = 500;

/** An address of e-mail. */
const EMAIL = /[\w.!#$%&'*+/=?^`{|}~-]{1,64}(?:@|%40)(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b/gi;

/** Starts to take what the function logs. */
export function startLogs(environment: LogsEnvironment): Logs {
  const { level, scope, now, createTokenBucket, encodeLog, maxWaitingCharacters } = environment;
  let waiting = 0;
  const masking: LogMasking = {
    ...environment,
    maskText: (text) => environment.maskText(text).replace(EMAIL, '*'),
    maskFields: (fields) =>
      JSON.parse(environment.toMaskedJson(fields, Infinity), (_, value: unknown) =>
        typeof value === 'string' ? value.replace(EMAIL, '*') : value,
      ) as Record<string, unknown>,
  };
  const capture = createLogCapture({
    ...environment,
    types: process.getBuiltinModule('node:util').types,
    takeOne: createTokenBucket(MAX_PER_SECOND, now),
    takeError: createTokenBucket(MAX_PER_SECOND, now),
    add(line) {
      if (waiting + line.text.length > maxWaitingCharacters) return environment.countDropped();
      waiting += line.text.length;
      environment.add(line);
    },
  });
  observeOutput(capture, { console, process, fs: process.getBuiltinModule('node:fs') });
  return {
    enter: capture.enter,
    leave: capture.leave,
    encode(line) {
      waiting -= line.text.length;
      const record = toLogRecord(line, scope, masking);
      const isWanted = record && (level === 'all' || (record.severity ?? 0) >= SEVERITY_ERROR);
      return isWanted ? encodeLog(record) : undefined;
    },
  };
}
