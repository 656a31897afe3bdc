import type { Attributes } from '@opentelemetry/api';
import { encodeLog, encodeSpan, type LogRecord } from '@clickspan/shared/otlp';
import type { EndedSpan, Scope } from '@clickspan/shared/tracer';
import type { Guard } from '../../platform/guard.ts';

/** A log record as features make it; the sink knows the scope. */
export type NewLogRecord = Omit<LogRecord, 'scope'>;

/** Where everything that was recorded goes, on its way out of the page. */
export interface RecordSink {
  readonly span: (span: EndedSpan) => void;
  readonly log: (record: NewLogRecord) => void;
}

/** What the sink needs. */
export interface RecordSinkDeps {
  readonly guard: Guard;
  readonly scope: Scope;
  /** What every record carries beside its own attributes. */
  readonly toCommonAttributes: () => Attributes;
  readonly send: (record: { signal: 'traces' | 'logs'; scope: Scope; json: string }) => void;
}

/** Makes the sink: the one place that every record passes, last of all before it is bytes. */
export function createRecordSink({ guard, scope, toCommonAttributes, send }: RecordSinkDeps): RecordSink {
  const withCommon = (attributes: Attributes): Attributes => Object.assign(attributes, toCommonAttributes());
  return {
    span(span) {
      guard(() => {
        withCommon(span.attributes);
        send({ signal: 'traces', ...encodeSpan(span) });
      });
    },
    log(record) {
      guard(() => {
        withCommon(record.attributes);
        send({ signal: 'logs', ...encodeLog({ ...record, scope }) });
      });
    },
  };
}
