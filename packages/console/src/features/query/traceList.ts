import type { TraceList, TraceSummary } from '../../api/types.ts';
import type { EngineClient, QueryParams } from '../../platform/clickhouse.ts';
import type { CheckedTraceQuery } from './parseTraceQuery.ts';

const NANO_PER_MINUTE = 60_000_000_000n;
const MINUTE = 1n;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;
/** How far back to look, step by step, until a page is full. Recent traces, which are asked for most, cost least. */
const WINDOWS_MINUTES: readonly bigint[] = [15n * MINUTE, 3n * HOUR, DAY, 7n * DAY, 36_500n * DAY];
/** Spans up to this far outside of a window are read too, so that a trace across its edge is seen whole. */
const EDGE_NANO = 30n * NANO_PER_MINUTE;
/** A sender's clock may be ahead, and so may its traces. */
const AHEAD_NANO = 1_440n * NANO_PER_MINUTE;

/**
 * Lists traces, newest first. A trace counts by its earliest span; which of a trace's spans arrived when does
 * not matter, nor does a span that arrived twice.
 *
 * @param nowUnixMs used when the query names no moment to read on from
 */
export async function listTraces(
  client: EngineClient,
  query: CheckedTraceQuery,
  nowUnixMs: number,
  signal?: AbortSignal,
): Promise<TraceList> {
  const to = query.before ? BigInt(query.before) : BigInt(Math.trunc(nowUnixMs)) * 1_000_000n + AHEAD_NANO;
  // With nothing to read on from, windows are counted from now; clocks that are ahead lie in the first one.
  const anchor = query.before ? to : to - AHEAD_NANO;
  let traces: TraceSummary[] = [];
  for (const minutes of WINDOWS_MINUTES) {
    const from = anchor - minutes * NANO_PER_MINUTE;
    traces = await listWindow(client, query, { from: from > 0n ? from : 0n, to }, signal);
    if (traces.length >= query.limit) return { traces, nextBefore: traces.at(-1)!.startUnixNano };
  }
  return { traces };
}

interface Window {
  /** Unix nanoseconds; included. */
  readonly from: bigint;
  /** Excluded. */
  readonly to: bigint;
}

interface SummaryRow extends Omit<
  TraceSummary,
  'durationMs' | 'spanCount' | 'errorCount' | 'coldStartCount' | 'rootSeen'
> {
  readonly durationNano: string;
  readonly spanCount: string;
  readonly errorCount: string;
  readonly coldStartCount: string;
  readonly rootSeen: number;
}

const IN_READ_RANGE = `
  Timestamp >= fromUnixTimestamp64Nano({readFrom:Int64}) AND Timestamp < fromUnixTimestamp64Nano({readTo:Int64})`;

async function listWindow(
  client: EngineClient,
  query: CheckedTraceQuery,
  window: Window,
  signal: AbortSignal | undefined,
): Promise<TraceSummary[]> {
  const filters = toFilters(query);
  const readFrom = window.from > EDGE_NANO ? window.from - EDGE_NANO : 0n;
  const sql = `
    SELECT
      TraceId AS traceId,
      countIf(ParentSpanId = '') > 0 AS rootSeen,
      if(rootSeen, argMinIf(SpanName, Timestamp, ParentSpanId = ''), argMin(SpanName, Timestamp)) AS rootName,
      if(rootSeen, argMinIf(ServiceName, Timestamp, ParentSpanId = ''), argMin(ServiceName, Timestamp)) AS rootService,
      toString(min(toUnixTimestamp64Nano(Timestamp)) AS start) AS startUnixNano,
      toString(max(toUnixTimestamp64Nano(Timestamp) + Duration) - start) AS durationNano,
      toString(uniqExact(SpanId)) AS spanCount,
      toString(uniqExactIf(SpanId, StatusCode = 'Error')) AS errorCount,
      toString(uniqExactIf(SpanId, ColdStart)) AS coldStartCount,
      arraySort(groupUniqArray(toString(ServiceName))) AS services
    FROM otel_traces
    WHERE ${IN_READ_RANGE} AND TraceId IN (
      SELECT TraceId FROM otel_traces WHERE ${IN_READ_RANGE}
      GROUP BY TraceId
      HAVING min(toUnixTimestamp64Nano(Timestamp)) >= {from:Int64}
        AND min(toUnixTimestamp64Nano(Timestamp)) < {to:Int64}
        ${filters.having.map((condition) => `AND ${condition}`).join(' ')}
      ORDER BY min(Timestamp) DESC, TraceId DESC
      LIMIT {limit:UInt32}
    )
    GROUP BY TraceId
    ORDER BY start DESC, TraceId DESC`;
  const rows = await client.query<SummaryRow>(
    sql,
    {
      ...filters.params,
      readFrom: String(readFrom),
      readTo: String(window.to + EDGE_NANO),
      from: String(window.from),
      to: String(window.to),
      limit: query.limit,
    },
    signal,
  );
  return rows.map(toSummary);
}

function toFilters(query: CheckedTraceQuery): { having: string[]; params: QueryParams } {
  const having: string[] = [];
  const params: Record<string, string> = {};
  if (query.service !== undefined) {
    having.push('countIf(ServiceName = {service:String}) > 0');
    params['service'] = query.service;
  }
  if (query.cold) having.push('countIf(ColdStart) > 0');
  if (query.error) having.push("countIf(StatusCode = 'Error') > 0");
  if (query.minDurationMs !== undefined) {
    having.push(
      'max(toUnixTimestamp64Nano(Timestamp) + Duration) - min(toUnixTimestamp64Nano(Timestamp)) >= {minNano:Int64}',
    );
    params['minNano'] = String(Math.round(query.minDurationMs * 1e6));
  }
  if (query.q !== undefined) {
    having.push("countIf(ParentSpanId = '' AND positionCaseInsensitiveUTF8(SpanName, {q:String}) > 0) > 0");
    params['q'] = query.q;
  }
  return { having, params };
}

function toSummary(row: SummaryRow): TraceSummary {
  return {
    traceId: row.traceId,
    rootName: row.rootName,
    rootService: row.rootService,
    rootSeen: Boolean(row.rootSeen),
    startUnixNano: row.startUnixNano,
    durationMs: Number(row.durationNano) / 1e6,
    spanCount: Number(row.spanCount),
    errorCount: Number(row.errorCount),
    coldStartCount: Number(row.coldStartCount),
    services: row.services,
  };
}
