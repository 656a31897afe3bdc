import type { LogRecord } from '@clickspan/shared/otlp';
import type { EndedSpan, SpanEvent } from '@clickspan/shared/tracer';
import { toBareObject } from '../../platform/bareObject.ts';
import { SEVERITY_ERROR } from './severity.ts';

/** Where the exceptions go that spans have recorded: they stay on them, become log records, or both. */
export type ExceptionSignal = 'spans' | 'logs' | 'logs/dup';

/** The name of the event, on spans as in logs. */
const EXCEPTION = 'exception';

/**
 * Makes what takes exceptions out of spans, as log records.
 *
 * @param signal where they go
 * @param add takes a record; none comes twice, though a span may
 * @returns gives the span as it is to be told
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/
 */
export function createExceptionTaker(
  signal: ExceptionSignal,
  add: (record: LogRecord) => void,
): (span: EndedSpan) => EndedSpan {
  const taken = new WeakSet<SpanEvent>();
  return (span) => {
    const { context: spanContext, scope, events } = span;
    const exceptions = events.filter(({ name }) => name === EXCEPTION);
    if (signal === 'spans' || exceptions.length === 0) return span;
    for (const event of exceptions) {
      const { unixMs, attributes } = event;
      if (!taken.has(event))
        add({ unixMs, eventName: EXCEPTION, severity: SEVERITY_ERROR, attributes, spanContext, scope });
      taken.add(event);
    }
    if (signal === 'logs/dup') return span;
    const others = events.filter(({ name }) => name !== EXCEPTION);
    // The span's fields may come from a class, and are not its own.
    return Object.create(span, { events: toBareObject({ value: others }) }) as EndedSpan;
  };
}
