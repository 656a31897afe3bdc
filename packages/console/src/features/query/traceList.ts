import type { TraceList, TraceSummary } from '../../api/types.ts';
import type { EngineClient, QueryParams } from '../../platform/clickhouse.ts';
import { MAX_INT64 } from './parseTraceQuery.ts';
import type { CheckedTraceQuery, TraceCursor } from './parseTraceQuery.ts';

const NANO_PER_MINUTE = 60_000_000_000n;
const MINUTE = 1n;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;
/** How far back to look, step by step, until a page is full. Recent traces, which are asked for most, cost least. */
const WINDOWS_MINUTES: readonly bigint[] = [15n * MINUTE, 3n * HOUR, DAY, 7n * DAY, 36_500n * DAY];
/** Spans up to this far outside of a window are read too, so that a trace across its edge is seen whole. */
const EDGE_NANO = 30n * NANO_PER_MINUTE;
/** Rows read beyond a page, to fill it where traces turn out to have begun before the window. */
const SPARE_ROWS = 20;
/** Of one trace; a row of the list shows a few. */
const MAX_SERVICES = 50;
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
  const nowNano = BigInt(Math.trunc(nowUnixMs)) * 1_000_000n;
  const { before = { startUnixNano: nowNano + AHEAD_NANO, traceId: '' } } = query;
  // With nothing to read on from, windows are counted from now; clocks that are ahead lie in the first one.
  const anchor = query.before ? before.startUnixNano : nowNano;
  let traces: TraceSummary[] = [];
  for (const minutes of WINDOWS_MINUTES) {
    const from = anchor - minutes * NANO_PER_MINUTE;
    traces = await listWindow(client, query, { from: from > 0n ? from : 0n, before }, signal);
    if (traces.length >= query.limit) return { traces, nextBefore: toCursor(traces.at(-1)!) };
  }
  return { traces };
}

/** Traces may begin in the same nanosecond, so that the moment alone does not tell where a page ended. */
function toCursor({ startUnixNano, traceId }: TraceSummary): string {
  return `${startUnixNano}-${traceId}`;
}

interface Window {
  /** Unix nanoseconds; included. */
  readonly from: bigint;
  /** Excluded, as is everything that is newer. */
  readonly before: TraceCursor;
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

const EARLIEST = 'min(toUnixTimestamp64Nano(Timestamp))';

// What counts is chosen by the spans near the window; what is told of it is then read without an end, so that a
// trace that goes on for long is told whole.
const toSelect = (having: readonly string[]): string => `
  SELECT
    TraceId AS traceId,
    countIf(ParentSpanId = '') > 0 AS rootSeen,
    if(rootSeen, argMinIf(SpanName, Timestamp, ParentSpanId = ''), argMin(SpanName, Timestamp)) AS rootName,
    if(rootSeen, argMinIf(ServiceName, Timestamp, ParentSpanId = ''), argMin(ServiceName, Timestamp)) AS rootService,
    toString(${EARLIEST} AS start) AS startUnixNano,
    toString(max(toUnixTimestamp64Nano(Timestamp) + Duration) - start) AS durationNano,
    toString(uniqExact(SpanId)) AS spanCount,
    toString(uniqExactIf(SpanId, StatusCode = 'Error')) AS errorCount,
    toString(uniqExactIf(SpanId, ColdStart)) AS coldStartCount,
    arraySort(groupUniqArray(${MAX_SERVICES})(toString(ServiceName))) AS services
  FROM otel_traces
  WHERE Timestamp >= fromUnixTimestamp64Nano({readFrom:Int64}) AND TraceId IN (
    SELECT TraceId FROM otel_traces
    WHERE Timestamp >= fromUnixTimestamp64Nano({readFrom:Int64})
      AND Timestamp < fromUnixTimestamp64Nano({readTo:Int64})
    GROUP BY TraceId
    HAVING ${EARLIEST} >= {from:Int64} AND (${EARLIEST}, TraceId) < ({before:Int64}, {beforeId:String})
      ${having.map((condition) => `AND ${condition}`).join(' ')}
    ORDER BY min(Timestamp) DESC, TraceId DESC
    LIMIT {limit:UInt32}
  )
  GROUP BY TraceId
  ORDER BY start DESC, TraceId DESC`;

async function listWindow(
  client: EngineClient,
  query: CheckedTraceQuery,
  { from, before }: Window,
  signal: AbortSignal | undefined,
): Promise<TraceSummary[]> {
  const filters = toFilters(query);
  const readFrom = from > EDGE_NANO ? from - EDGE_NANO : 0n;
  const readTo = before.startUnixNano + EDGE_NANO;
  const params = {
    ...filters.params,
    readFrom: String(readFrom),
    readTo: String(readTo < MAX_INT64 ? readTo : MAX_INT64),
    from: String(from),
    before: String(before.startUnixNano),
    beforeId: before.traceId,
    limit: query.limit + SPARE_ROWS,
  };
  const rows = await client.query<SummaryRow>(toSelect(filters.having), params, signal);
  // A root is where its trace begins. Traces without one may have begun before what was read; a wider window has those.
  const rootless = rows.filter((row) => !row.rootSeen).map((row) => row.traceId);
  const earlier = readFrom > 0n ? await findEarlier(client, rootless, { readFrom, signal }) : new Set();
  return rows
    .filter((row) => !earlier.has(row.traceId))
    .slice(0, query.limit)
    .map(toSummary);
}

/** Finds which of these traces have spans before a moment. */
async function findEarlier(
  client: EngineClient,
  traceIds: readonly string[],
  { readFrom, signal }: { readonly readFrom: bigint; readonly signal: AbortSignal | undefined },
): Promise<ReadonlySet<string>> {
  if (traceIds.length === 0) return new Set();
  const rows = await client.query<{ traceId: string }>(
    `SELECT DISTINCT TraceId AS traceId FROM otel_traces
     WHERE Timestamp < fromUnixTimestamp64Nano({readFrom:Int64}) AND TraceId IN {traceIds:Array(String)}`,
    { readFrom: String(readFrom), traceIds },
    signal,
  );
  return new Set(rows.map((row) => row.traceId));
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
    having.push(`max(toUnixTimestamp64Nano(Timestamp) + Duration) - ${EARLIEST} >= {minNano:Int64}`);
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
