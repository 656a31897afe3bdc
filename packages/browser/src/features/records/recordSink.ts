import type { Attributes } from '@opentelemetry/api';
import {
  ERROR_TYPE,
  EXCEPTION_MESSAGE,
  EXCEPTION_STACKTRACE,
  EXCEPTION_TYPE,
  SESSION_ID,
} from '@clickspan/shared/attributes';
import { maskText } from '@clickspan/shared/masking';
import { encodeLog, encodeSpan, type LogRecord } from '@clickspan/shared/otlp';
import type { EndedSpan, Scope } from '@clickspan/shared/tracer';
import type { Guard } from '../../platform/guard.ts';
import type { Warn } from '../../platform/warn.ts';

/** A log record as features make it; the sink knows the scope. */
export type NewLogRecord = Omit<LogRecord, 'scope'>;

/** A span that is about to leave the page. What is not `readonly` may be changed. */
export interface OutgoingSpan extends Omit<EndedSpan, 'name' | 'attributes'> {
  readonly type: 'span';
  name: string;
  attributes: Attributes;
}

/** A log record, an error or an event, that is about to leave the page. What is not `readonly` may be changed. */
export interface OutgoingLog extends Omit<NewLogRecord, 'eventName' | 'body' | 'attributes'> {
  readonly type: 'log';
  eventName?: string | undefined;
  body?: string | undefined;
  attributes: Attributes;
}

/** Anything that is about to leave the page. */
export type OutgoingRecord = OutgoingSpan | OutgoingLog;

/**
 * Sees every record last, masked already. It may change the name, the body and the attributes; by returning `false` it
 * drops the record. One that throws drops it too, so that nothing leaves unseen.
 */
// oxlint-disable-next-line typescript/no-invalid-void-type -- so that a hook need not return anything
export type BeforeSend = (record: OutgoingRecord) => boolean | void;

/** Where everything that was recorded goes, on its way out of the page. */
export interface RecordSink {
  readonly span: (span: EndedSpan) => void;
  readonly log: (record: NewLogRecord) => void;
}

/** A record as the exporter takes it. */
interface SinkRecord {
  readonly signal: 'traces' | 'logs';
  readonly scope: Scope;
  readonly json: string;
}

/** What the sink needs. */
export interface RecordSinkDeps {
  readonly guard: Guard;
  readonly warn: Warn;
  readonly scope: Scope;
  /** What every record carries beside its own attributes. */
  readonly attributes: Attributes;
  readonly beforeSend: BeforeSend | undefined;
  /** The id of the session in which something happened. */
  readonly sessionAt: (unixMs: number) => string;
  /** Whether nothing is taken any more. */
  readonly isClosed: () => boolean;
  readonly send: (record: SinkRecord) => void;
  /** Counts what was lost. */
  readonly drop: (record: SinkRecord) => void;
}

/** What is of other people's making, wherever it comes from. */
const TEXTS: readonly string[] = [EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE, ERROR_TYPE];

/** Makes the sink: the one place that every record passes, last of all before it is bytes. */
export function createRecordSink(deps: RecordSinkDeps): RecordSink {
  const { guard, warn, scope, beforeSend } = deps;

  const take = (
    signal: SinkRecord['signal'],
    record: EndedSpan | NewLogRecord,
    unixMs: number,
    encode: () => Omit<SinkRecord, 'signal'>,
  ): void => {
    if (deps.isClosed()) return;
    const { attributes } = record;
    maskTexts(attributes);
    Object.assign(attributes, deps.attributes);
    attributes[SESSION_ID] ??= deps.sessionAt(unixMs);
    try {
      const type = signal === 'logs' ? 'log' : 'span';
      const kept = beforeSend?.(Object.assign(record, { type }) as OutgoingRecord) as unknown;
      if (kept === false || kept === null) return;
      // What is still deciding has not agreed.
      if ((kept as Promise<unknown> | undefined)?.then) throw kept;
    } catch {
      warn('beforeSend must neither throw nor be async; what it fails for is dropped.');
      return deps.drop({ signal, scope, json: '' });
    }
    deps.send({ signal, ...encode() });
  };

  return {
    span(span) {
      guard(() => {
        const { message } = span.status;
        if (message)
          (span as { status: EndedSpan['status'] }).status = { ...span.status, message: maskText(message) };
        for (const event of span.events) maskTexts(event.attributes);
        take('traces', span, span.startUnixMs, () => encodeSpan(span));
      });
    },
    log(record) {
      guard(() => take('logs', record, record.unixMs, () => encodeLog({ ...record, scope })));
    },
  };
}

function maskTexts(attributes: Attributes): void {
  for (const key of TEXTS) {
    const text = attributes[key];
    if (typeof text === 'string') attributes[key] = maskText(text);
  }
}
