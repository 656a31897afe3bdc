import type { Attributes, AttributeValue, SpanContext } from '@opentelemetry/api';
import type { EndedSpan, Scope } from './tracer.ts';

/** Flag bits of OTLP beyond the trace flags: whether the parent's origin is known, and whether it is remote. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** A span or log record as OTLP/JSON text beside its scope, ready to be put into a batch. */
export interface EncodedRecord {
  readonly scope: Scope;
  /** One JSON object, type `Span` or `LogRecord` of OTLP. */
  readonly json: string;
}

/** Something that happened at a point in time: an error, an event, a line of a log. */
export interface LogRecord {
  readonly unixMs: number;
  /** The event's name by the semantic conventions; absent for a plain line. */
  readonly eventName?: string | undefined;
  /** OTLP's number: 9 info, 13 warn, 17 error, 21 fatal. */
  readonly severity?: number | undefined;
  readonly body?: string | undefined;
  readonly attributes: Attributes;
  /** The span in which it happened. */
  readonly spanContext?: SpanContext | undefined;
  readonly scope: Scope;
}

/**
 * Encodes one span, so that a queue can count its bytes and a batch is only a matter of joining.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function encodeSpan(span: EndedSpan): EncodedRecord {
  const { context, parentSpanId, status } = span;
  const links = span.links.map((link) => `{${contextOf(link.context)}${attributesOf(link.attributes)}}`);
  const events = span.events.map(
    (event) =>
      `{${timeOf('time', event.unixMs)},"name":${toText(event.name)}${attributesOf(event.attributes)}}`,
  );
  const flags =
    context.traceFlags | (parentSpanId ? HAS_IS_REMOTE | (span.parentIsRemote ? IS_REMOTE : 0) : 0);
  return {
    scope: span.scope,
    json:
      `{${contextOf(context)},"flags":${flags},"name":${toText(span.name)},"kind":${span.kind + 1}` +
      `,${timeOf('startTime', span.startUnixMs)},${timeOf('endTime', span.endUnixMs)}` +
      member('parentSpanId', parentSpanId) +
      attributesOf(span.attributes) +
      member('droppedAttributesCount', span.droppedAttributes) +
      list('events', events) +
      member('droppedEventsCount', span.droppedEvents) +
      list('links', links) +
      member('droppedLinksCount', span.droppedLinks) +
      (status.code ? `,"status":{"code":${status.code}${member('message', status.message)}}}` : '}'),
  };
}

/**
 * Encodes one log record.
 *
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model/
 */
export function encodeLog(record: LogRecord): EncodedRecord {
  const { spanContext, body } = record;
  return {
    scope: record.scope,
    json:
      `{${timeOf('time', record.unixMs)}` +
      member('severityNumber', record.severity) +
      member('eventName', record.eventName) +
      (body ? `,"body":${toAnyValue(body)}` : '') +
      attributesOf(record.attributes) +
      (spanContext ? `,${idsOf(spanContext)},"flags":${spanContext.traceFlags}}` : '}'),
  };
}

/**
 * Joins encoded spans into one `ExportTraceServiceRequest`, OTLP/JSON, grouped by scope.
 *
 * @param resource the attributes of the process or page that made the spans
 * @param spans at least one; an empty batch must not be sent
 */
export function encodeTraces(resource: Attributes, spans: readonly EncodedRecord[]): string {
  return encodeRecords('Spans', 'spans', resource, spans);
}

/**
 * Joins encoded log records into one `ExportLogsServiceRequest`, OTLP/JSON, grouped by scope.
 *
 * @param resource the attributes of the process or page that made the records
 * @param records at least one; an empty batch must not be sent
 */
export function encodeLogs(resource: Attributes, records: readonly EncodedRecord[]): string {
  return encodeRecords('Logs', 'logRecords', resource, records);
}

function encodeRecords(
  kind: string,
  listName: string,
  resource: Attributes,
  records: readonly EncodedRecord[],
): string {
  const scopes = new Map<string, string>();
  for (const { scope, json } of records) {
    const start = `{"scope":{"name":${toText(scope.name)}${member('version', scope.version)}},"${listName}":[`;
    const known = scopes.get(start);
    scopes.set(start, known ? `${known},${json}` : json);
  }
  const groups = Array.from(scopes, ([start, texts]) => `${start}${texts}]}`);
  return `{"resource${kind}":[{"resource":{${attributesOf(resource).slice(1)}}${list(`scope${kind}`, groups)}}]}`;
}

/**
 * Nanoseconds since 1970 as OTLP/JSON wants them, exact to the microsecond: a number of milliseconds holds no more, and its
 * noise would cost a tenth of what a span weighs when compressed.
 *
 * @param unixMs milliseconds, with fractions
 * @returns a decimal string: the number is too large to be exact as a JavaScript number
 */
export function toUnixNano(unixMs: number): string {
  return `${Math.round(unixMs * 1000)}000`;
}

// Text is put together by hand: half the time, and less of a bundle, than objects for JSON.stringify.

function idsOf({ traceId, spanId }: SpanContext): string {
  return `"traceId":${toText(traceId)},"spanId":${toText(spanId)}`;
}

function contextOf(context: SpanContext): string {
  return idsOf(context) + member('traceState', context.traceState?.serialize());
}

function timeOf(name: string, unixMs: number): string {
  return `"${name}UnixNano":"${toUnixNano(unixMs)}"`;
}

/** Whatever a caller's code gave as a name: one value that is no text, and a collector refuses the whole batch. */
function toText(value: unknown): string {
  return JSON.stringify(String(value));
}

/** One more member of an object; nothing where there is no value. */
function member(key: string, value: string | number | undefined): string {
  return value ? `,"${key}":${JSON.stringify(value)}` : '';
}

function list(key: string, items: readonly string[]): string {
  return items.length ? `,"${key}":[${items.join(',')}]` : '';
}

function attributesOf(attributes: Attributes = {}): string {
  const pairs = Object.keys(attributes)
    .filter((key) => attributes[key] != null)
    .map((key) => `{"key":${JSON.stringify(key)},"value":${toAnyValue(attributes[key])}}`);
  return list('attributes', pairs);
}

function toAnyValue(value: AttributeValue | null | undefined): string {
  if (typeof value === 'string') return `{"stringValue":${JSON.stringify(value)}}`;
  if (typeof value === 'boolean') return `{"boolValue":${value}}`;
  if (Array.isArray(value)) {
    return `{"arrayValue":{"values":[${(value as AttributeValue[]).map(toAnyValue).join(',')}]}}`;
  }
  if (typeof value !== 'number') return '{}';
  if (Number.isSafeInteger(value)) return `{"intValue":"${value}"}`;
  // JSON has no NaN and no infinities; protobuf's JSON mapping writes their names.
  return `{"doubleValue":${isFinite(value) ? value : `"${value}"`}}`;
}
