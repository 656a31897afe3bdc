import type { Span, SpanEvent, SpanLink, Trace } from '../../api/types.ts';
import type { EngineClient } from '../../platform/clickhouse.ts';

/** More than a page can show and less than a browser can hold; this process holds it several times over. */
const MAX_SPANS = 20_000;
const MAX_BYTES = 64_000_000;

type Attributes = Readonly<Record<string, string>>;

interface SpanRecord extends Pick<
  Span,
  'spanId' | 'parentSpanId' | 'name' | 'kind' | 'service' | 'startUnixNano'
> {
  readonly durationNano: string;
  readonly statusCode: Span['status']['code'];
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly eventTimes: readonly string[];
  readonly eventNames: readonly string[];
  readonly eventAttributes: readonly Attributes[];
  readonly linkTraceIds: readonly string[];
  readonly linkSpanIds: readonly string[];
  readonly linkAttributes: readonly Attributes[];
  /** How many spans there are, up to one more than are handed out. */
  readonly spanCount: string;
}

// The outer names would hide the columns of the same spelling if case were all that told them apart, so each
// alias differs from its column in more than that.
const SELECT_TRACE = `
  SELECT
    SpanId AS spanId, ParentSpanId AS parentSpanId, SpanName AS name, SpanKind AS kind, ServiceName AS service,
    toString(toUnixTimestamp64Nano(Timestamp)) AS startUnixNano, toString(Duration) AS durationNano,
    StatusCode AS statusCode, StatusMessage AS statusMessage,
    SpanAttributes AS attributes, ResourceAttributes AS resource,
    ScopeName AS scopeName, ScopeVersion AS scopeVersion,
    arrayMap(t -> toString(toUnixTimestamp64Nano(t)), Events.Timestamp) AS eventTimes,
    Events.Name AS eventNames, Events.Attributes AS eventAttributes,
    Links.TraceId AS linkTraceIds, Links.SpanId AS linkSpanIds, Links.Attributes AS linkAttributes,
    toString(count() OVER ()) AS spanCount
  FROM (
    SELECT * FROM otel_traces WHERE TraceId = {traceId:String}
    ORDER BY Timestamp, SpanId, Duration DESC
    LIMIT 1 BY SpanId
    LIMIT {limit:UInt32}
  )
  QUALIFY sum(byteSize(SpanAttributes, ResourceAttributes, Events.Attributes, Links.Attributes))
    OVER (ORDER BY Timestamp, SpanId ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) <= {maxBytes:UInt64}
  ORDER BY Timestamp, SpanId`;

/**
 * Reads a whole trace. A span that was sent twice is there once, as the one that ended last: a function that has answered in
 * its last moments was told as timed out before.
 *
 * @param traceId 32 lowercase hex digits
 * @returns `undefined` when no span of it is stored
 */
export async function readTrace(
  client: EngineClient,
  traceId: string,
  signal?: AbortSignal,
): Promise<Trace | undefined> {
  const params = { traceId, limit: MAX_SPANS + 1, maxBytes: MAX_BYTES };
  const rows = await client.query<SpanRecord>(SELECT_TRACE, params, signal);
  if (rows.length === 0) return undefined;
  const truncated = Number(rows[0]!.spanCount) > Math.min(rows.length, MAX_SPANS);
  return { traceId, spans: rows.slice(0, MAX_SPANS).map(toSpan), truncated };
}

function toSpan(row: SpanRecord): Span {
  return {
    spanId: row.spanId,
    parentSpanId: row.parentSpanId,
    name: row.name,
    kind: row.kind,
    service: row.service,
    startUnixNano: row.startUnixNano,
    durationMs: Number(row.durationNano) / 1e6,
    status: { code: row.statusCode, message: row.statusMessage },
    links: row.linkTraceIds.map((traceId, i): SpanLink => ({
      traceId,
      spanId: row.linkSpanIds[i] ?? '',
      attributes: row.linkAttributes[i] ?? {},
    })),
    attributes: row.attributes,
    events: row.eventTimes.map((unixNano, i): SpanEvent => ({
      name: row.eventNames[i] ?? '',
      unixNano,
      attributes: row.eventAttributes[i] ?? {},
    })),
    resource: row.resource,
    scope: { name: row.scopeName, version: row.scopeVersion },
  };
}
