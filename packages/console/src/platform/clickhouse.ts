import { Readable } from 'node:stream';
import { ClickHouseError, createClient } from '@clickhouse/client';

/** Where an engine is and how it is spoken to. */
export interface EngineAddress {
  /** May hold user, password and database, as ClickHouse's own tools read them. */
  readonly url: string;
  /** The embedded engine answers only to requests that carry this secret. */
  readonly key?: string;
}

/** What became of an insert. */
export type InsertOutcome =
  | { readonly status: 'stored' }
  /** No answer: the rows may or may not be stored; the sender may try again. */
  | { readonly status: 'unavailable'; readonly reason: string }
  /** The engine read the rows and refused them; the same rows would be refused again. */
  | { readonly status: 'refused'; readonly reason: string };

/** Whether an engine is there: it answered, it answered that it cannot, or it did not answer. */
export type PingOutcome = 'ok' | 'failing' | 'silent';

/** Values that a query's `{name:Type}` placeholders stand for. */
export type QueryParams = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** The few things that the console asks of ClickHouse. */
export interface EngineClient {
  /** Runs a SELECT and gives its rows; values travel as parameters, never as part of the text. */
  readonly query: <T>(sql: string, params?: QueryParams, signal?: AbortSignal) => Promise<T[]>;
  /** Runs a statement without a result. */
  readonly command: (sql: string) => Promise<void>;
  /** Sends rows that are encoded already; resolves when the engine has them on disk. */
  readonly insert: (statement: string, chunks: readonly Uint8Array[]) => Promise<InsertOutcome>;
  readonly ping: (timeoutMs: number) => Promise<PingOutcome>;
  readonly close: () => Promise<void>;
}

/** Name of the header that carries the embedded engine's secret. */
export const ENGINE_KEY_HEADER = 'x-clickspan-key';

/** A query that a page waits for; beyond this nobody is waiting any more. */
const QUERY_TIMEOUT_S = 30;
const REQUEST_TIMEOUT_MS = 35_000;
/** More at once would only share the same cores, and run out of the memory that each may use. */
const MAX_QUERY_CONNECTIONS = 4;
/** As many as the collector sends at once, and room for a ping. */
const MAX_INSERT_CONNECTIONS = 4;
/** Per query, so that one wide search cannot starve ingest of the engine's memory. */
const MAX_QUERY_MEMORY_BYTES = 700_000_000;
/** The engine drops idle connections after 10 s; ours must be gone before, or a request meets a closed one. */
const IDLE_SOCKET_MS = 5_000;

/** ClickHouse's codes for "not now": limits of memory, time, parts and concurrency, and read-only after damage. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  '159',
  '202',
  '209',
  '210',
  '236',
  '241',
  '242',
  '243',
  '252',
  '319',
  '394',
]);

/** Creates a client; nothing is sent before it is used. */
export function createEngineClient(address: EngineAddress): EngineClient {
  const connect = (maxConnections: number): ReturnType<typeof createClient> =>
    createClient({
      url: address.url,
      ...(address.key ? { http_headers: { [ENGINE_KEY_HEADER]: address.key } } : {}),
      application: 'clickspan-console',
      request_timeout: REQUEST_TIMEOUT_MS,
      max_open_connections: maxConnections,
      keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS, eagerly_destroy_stale_sockets: true },
      // Failures are returned to the caller, who knows what they mean; the client's own log would repeat them.
      log: { level: 127 },
    });
  // Apart, so that neither storing nor the question whether the engine lives waits behind slow queries.
  const queries = connect(MAX_QUERY_CONNECTIONS);
  const inserts = connect(MAX_INSERT_CONNECTIONS);
  return {
    async query<T>(sql: string, params?: QueryParams, signal?: AbortSignal): Promise<T[]> {
      const result = await queries.query({
        query: sql,
        format: 'JSONEachRow',
        ...(params ? { query_params: params } : {}),
        ...(signal ? { abort_signal: signal } : {}),
        clickhouse_settings: {
          max_execution_time: QUERY_TIMEOUT_S,
          max_memory_usage: String(MAX_QUERY_MEMORY_BYTES),
          cancel_http_readonly_queries_on_client_close: 1,
          output_format_json_quote_64bit_integers: 1,
        },
      });
      return await result.json<T>();
    },
    async command(sql: string): Promise<void> {
      await queries.command({ query: sql });
    },
    async insert(statement: string, chunks: readonly Uint8Array[]): Promise<InsertOutcome> {
      try {
        const { stream } = await inserts.exec({
          query: statement,
          values: Readable.from(chunks, { objectMode: false }),
          clickhouse_settings: { async_insert: 0, wait_end_of_query: 1 },
        });
        await drain(stream);
        return { status: 'stored' };
      } catch (error) {
        return toInsertFailure(error);
      }
    },
    async ping(timeoutMs: number): Promise<PingOutcome> {
      const answer = await inserts.ping({ select: true, abort_signal: AbortSignal.timeout(timeoutMs) });
      if (answer.success) return 'ok';
      return answer.error instanceof ClickHouseError ? 'failing' : 'silent';
    },
    async close(): Promise<void> {
      await Promise.all([queries.close(), inserts.close()]);
    },
  };
}

function toInsertFailure(error: unknown): InsertOutcome {
  const reason = error instanceof Error ? error.message : String(error);
  const refused = error instanceof ClickHouseError && !PASSING_CODES.has(error.code);
  return { status: refused ? 'refused' : 'unavailable', reason };
}

/** An answer that is never read keeps its connection from being used again. */
function drain(stream: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('end', resolve).on('error', reject).resume();
  });
}
