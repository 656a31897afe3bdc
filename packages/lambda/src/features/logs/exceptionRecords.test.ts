import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { createIdSource } from '@clickspan/shared/ids';
import { encodeSpan } from '@clickspan/shared/otlp';
import type { LogRecord } from '@clickspan/shared/otlp';
import { createTracerProvider, toExceptionAttributes } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import { describe, expect, it } from 'vitest';
import { createExceptionTaker } from './exceptionRecords.ts';
import type { ExceptionSignal } from './exceptionRecords.ts';

/** A span that has failed, as it is told, and the records. */
function fail(signal: ExceptionSignal): {
  readonly span: EndedSpan;
  readonly records: LogRecord[];
  readonly events: unknown;
} {
  const records: LogRecord[] = [];
  let ended: EndedSpan | undefined;
  const take = createExceptionTaker(signal, (record) => records.push(record));
  const tracer = createTracerProvider({
    clock: () => 1000,
    ids: createIdSource((bytes) => bytes.fill(7)),
    activeContext: () => ROOT_CONTEXT,
    runWith: (_, run) => run(),
    describe: toExceptionAttributes,
    onEnd: (span) => {
      take({ ...span });
      ended = take(span);
    },
  }).getTracer('test');
  const span = tracer.startSpan('work', { attributes: { a: 1 } });
  span.recordException(new RangeError('x'));
  span.addEvent('other');
  span.end();
  const { events } = JSON.parse(encodeSpan(ended!).json) as { events: { name: string }[] };
  return { span: ended!, records, events: events.map(({ name }) => name) };
}

describe('the exceptions of a span', () => {
  it('stay where they are', () => {
    const { events, records } = fail('spans');
    expect([events, records]).toEqual([['exception', 'other'], []]);
  });

  it.each([
    ['logs', ['other']],
    ['logs/dup', ['exception', 'other']],
  ] as const)('become log records of the span, once, though it is told twice: %s', (signal, names) => {
    const { span, records, events } = fail(signal);
    expect(events).toEqual(names);
    expect(records).toMatchObject([
      {
        unixMs: 1000,
        eventName: 'exception',
        severity: 17,
        attributes: { 'exception.type': 'RangeError', 'exception.message': 'x' },
        spanContext: span.context,
        scope: { name: 'test' },
      },
    ]);
  });
});
