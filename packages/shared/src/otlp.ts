import type { Attributes, AttributeValue, SpanContext } from '@opentelemetry/api';
import { toJson } from './json.ts';
import type { Metric } from './metrics.ts';
import type { EndedSpan, Scope } from './tracer.ts';

/** Flag bits of OTLP beyond the trace flags: whether the parent's origin is known, and whether it is remote. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** A span, log record or metric as OTLP/JSON text beside its scope, ready to be put into a batch. */
export interface EncodedRecord {
  readonly scope: Scope;
  /** One JSON object, type `Span`, `LogRecord` or `Metric` of OTLP. */
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
  const isRemote = span.parentIsRemote ? IS_REMOTE : 0;
  return {
    scope: span.scope,
    json: toRecordJson({
      ...contextOf(context),
      flags: context.traceFlags | (parentSpanId ? HAS_IS_REMOTE | isRemote : 0),
      name: toText(span.name),
      kind: span.kind + 1,
      startTimeUnixNano: toUnixNano(span.startUnixMs),
      endTimeUnixNano: toUnixNano(span.endUnixMs),
      parentSpanId: parentSpanId || undefined,
      attributes: toKeyValues(span.attributes),
      droppedAttributesCount: span.droppedAttributes || undefined,
      events: toList(span.events, ({ unixMs, name, attributes }) => ({
        timeUnixNano: toUnixNano(unixMs),
        name: toText(name),
        attributes: toKeyValues(attributes),
      })),
      droppedEventsCount: span.droppedEvents || undefined,
      links: toList(span.links, (link) => ({
        ...contextOf(link.context),
        attributes: toKeyValues(link.attributes),
      })),
      droppedLinksCount: span.droppedLinks || undefined,
      status: status.code ? { code: status.code, message: status.message || undefined } : undefined,
    }),
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
    json: toRecordJson({
      timeUnixNano: toUnixNano(record.unixMs),
      severityNumber: record.severity,
      eventName: record.eventName || undefined,
      body: body ? toAnyValue(body) : undefined,
      attributes: toKeyValues(record.attributes),
      ...(spanContext && { ...idsOf(spanContext), flags: spanContext.traceFlags }),
    }),
  };
}

/** OTLP's number for sums that begin anew with each window of time. */
const DELTA = 1;

/**
 * Encodes what an instrument has summed up in a window of time: a monotonic sum, or a histogram with explicit bounds.
 *
 * @param metric with at least one point
 * @see https://opentelemetry.io/docs/specs/otel/metrics/data-model/
 */
export function encodeMetric({ instrument, startUnixMs, endUnixMs, points, scope }: Metric): EncodedRecord {
  const { name, unit, bounds } = instrument;
  const times = { startTimeUnixNano: toUnixNano(startUnixMs), timeUnixNano: toUnixNano(endUnixMs) };
  const toPoint = (attributes: Attributes): object => ({ attributes: toKeyValues(attributes), ...times });
  const data = bounds
    ? {
        histogram: {
          aggregationTemporality: DELTA,
          dataPoints: points.map(({ attributes, count, sum, min, max, buckets }) => ({
            ...toPoint(attributes),
            count: String(count),
            sum,
            min,
            max,
            bucketCounts: buckets.map(String),
            explicitBounds: bounds,
          })),
        },
      }
    : {
        sum: {
          aggregationTemporality: DELTA,
          isMonotonic: true,
          dataPoints: points.map(({ attributes, sum }) => ({
            ...toPoint(attributes),
            ...(Number.isSafeInteger(sum) ? { asInt: String(sum) } : { asDouble: sum }),
          })),
        },
      };
  return { scope, json: toRecordJson({ name, unit, ...data }) };
}

/**
 * Encodes the attributes of what makes spans, records and metrics; for whoever sends many batches a text to keep.
 *
 * @param attributes those without a value are left out
 */
export function encodeResource(attributes: Attributes): string {
  return toJson({ attributes: toKeyValues(attributes) });
}

/**
 * Joins encoded metrics into one `ExportMetricsServiceRequest`, OTLP/JSON, grouped by scope.
 *
 * @param resource that of the process that has measured, encoded
 * @param metrics at least one; an empty batch must not be sent
 */
export function encodeMetrics(resource: string, metrics: readonly EncodedRecord[]): string {
  return encodeRecords('Metrics', 'metrics', resource, metrics);
}

/**
 * Joins encoded spans into one `ExportTraceServiceRequest`, OTLP/JSON, grouped by scope.
 *
 * @param resource that of the process or page that made the spans, encoded
 * @param spans at least one; an empty batch must not be sent
 */
export function encodeTraces(resource: string, spans: readonly EncodedRecord[]): string {
  return encodeRecords('Spans', 'spans', resource, spans);
}

/**
 * Joins encoded log records into one `ExportLogsServiceRequest`, OTLP/JSON, grouped by scope.
 *
 * @param resource that of the process or page that made the records, encoded
 * @param records at least one; an empty batch must not be sent
 */
export function encodeLogs(resource: string, records: readonly EncodedRecord[]): string {
  return encodeRecords('Logs', 'logRecords', resource, records);
}

function encodeRecords(
  kind: string,
  listName: string,
  resource: string,
  records: readonly EncodedRecord[],
): string {
  const scopes = new Map<string, string>();
  let last: Scope | undefined;
  let key = '';
  for (const { scope, json } of records) {
    if (scope !== last) key = toJson({ name: scope.name, version: scope.version || undefined });
    last = scope;
    const known = scopes.get(key);
    scopes.set(key, known ? `${known},${json}` : json);
  }
  const groups = Array.from(scopes, ([scope, texts]) => `{"scope":${scope},"${listName}":[${texts}]}`);
  return `{"resource${kind}":[{"resource":${resource},"scope${kind}":[${groups.join(',')}]}]}`;
}

/** A text that was cut within a character holds half of it, for which a strict collector would refuse the whole batch. */
function toRecordJson(value: object): string {
  const json = toJson(value);
  // Nearly none has; to look for that is quick.
  if (!json.includes('\\ud')) return json;
  return json.replace(/\\\\|\\ud[89a-f]../g, (found) => (found[1] === 'u' ? '\ufffd' : found));
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

/** Whatever a caller's code gave: one value that is no text, and a collector refuses the whole batch. */
const toText: (value: unknown) => string = String;

function idsOf({ traceId, spanId }: SpanContext): object {
  return { traceId: toText(traceId), spanId: toText(spanId) };
}

function contextOf(context: SpanContext): object {
  return { ...idsOf(context), traceState: context.traceState?.serialize() || undefined };
}

/** Nothing where there are none. */
function toList<T>(items: readonly T[], to: (item: T) => unknown): unknown {
  return items.length ? items.map(to) : undefined;
}

function toKeyValues(attributes: Attributes = {}): unknown {
  return toList(
    Object.keys(attributes).filter((key) => attributes[key] != null),
    (key) => ({ key, value: toAnyValue(attributes[key]) }),
  );
}

function toAnyValue(value: AttributeValue | null | undefined): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: (value as AttributeValue[]).map(toAnyValue) } };
  if (typeof value !== 'number') return {};
  if (Number.isSafeInteger(value)) return { intValue: String(value) };
  // JSON has no NaN and no infinities; protobuf's JSON mapping writes their names.
  return { doubleValue: isFinite(value) ? value : String(value) };
}
