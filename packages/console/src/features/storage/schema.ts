/** What a migration may depend on. */
export interface SchemaOptions {
  /** Whole days that spans are kept; 0 keeps them for ever. */
  readonly retentionDays: number;
}

/** The table of spans: the columns of the OpenTelemetry Collector's ClickHouse exporter, so that tools made for it read ours. */
export const SPAN_TABLE = 'otel_traces';

/** Which migrations have been applied. */
export const SCHEMA_TABLE = 'clickspan_schema';

export const CREATE_SCHEMA_TABLE: string = `
  CREATE TABLE IF NOT EXISTS ${SCHEMA_TABLE} (version UInt32, appliedAt DateTime DEFAULT now())
  ENGINE = MergeTree ORDER BY version`;

const MAP = 'Map(LowCardinality(String), String)';

/**
 * The sort order puts a service's minutes together, because every page of a service asks for those; a trace
 * is found by the bloom filter instead. Granules are small so that finding one reads little.
 * `ttl_only_drop_parts` with one partition a day makes expiry the deletion of files.
 */
const CREATE_SPAN_TABLE = `
  CREATE TABLE IF NOT EXISTS ${SPAN_TABLE} (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)),
    TraceState String CODEC(ZSTD(1)),
    SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes ${MAP} CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    SpanAttributes ${MAP} CODEC(ZSTD(1)),
    Duration UInt64 CODEC(ZSTD(1)),
    StatusCode LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage String CODEC(ZSTD(1)),
    Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${MAP}) CODEC(ZSTD(1)),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes ${MAP}) CODEC(ZSTD(1)),
    ColdStart Bool MATERIALIZED SpanAttributes['faas.coldstart'] = 'true' CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1
  )
  ENGINE = MergeTree
  PARTITION BY toDate(Timestamp)
  ORDER BY (ServiceName, toStartOfMinute(Timestamp), Timestamp)
  SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1`;

/** One step of the schema: its statements run in order, and may be run again after a crash between them. */
export interface Migration {
  readonly version: number;
  readonly statements: readonly string[];
}

/** Every step there has ever been, oldest first; a step that was released never changes. */
export const MIGRATIONS: readonly Migration[] = [{ version: 1, statements: [CREATE_SPAN_TABLE] }];

/**
 * The days of the table's TTL. A day's spans expire together, counted from the day's beginning: one more day than is
 * promised, or what came late in the day would go too early.
 *
 * @returns 0 for no TTL
 */
export function toTtlDays({ retentionDays }: SchemaOptions): number {
  return retentionDays > 0 ? Math.ceil(retentionDays) + 1 : 0;
}

/** The statement that sets how long spans are kept; applied at each start, because it is the user's to change. */
export function toRetentionStatement(ttlDays: number): string {
  return ttlDays > 0
    ? `ALTER TABLE ${SPAN_TABLE} MODIFY TTL toDate(Timestamp) + INTERVAL ${ttlDays} DAY`
    : `ALTER TABLE ${SPAN_TABLE} REMOVE TTL`;
}
