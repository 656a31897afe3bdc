import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiError } from '../../api/types.ts';
import type { EngineClient } from '../../platform/clickhouse.ts';
import { parseTraceQuery } from './parseTraceQuery.ts';
import { listServices } from './serviceList.ts';
import { readTrace } from './traceById.ts';
import { listTraces } from './traceList.ts';

/** What the query API works with. */
export interface QueryApiOptions {
  /** `undefined` while the engine is away. */
  readonly client: () => EngineClient | undefined;
  readonly nowUnixMs: () => number;
  readonly log: (line: string) => void;
}

interface ApiAnswer {
  readonly httpStatus: number;
  readonly body: unknown;
}

const TRACE_PATH = /^\/api\/traces\/([0-9a-fA-F]{32})$/;

/** Answers a path of the query API. */
export async function answerQuery(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  options: QueryApiOptions,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    sendJson(response, 405, toApiError('method', 'The query API is only read.'));
    return;
  }
  const client = options.client();
  if (!client) {
    response.setHeader('Retry-After', '1');
    sendJson(response, 503, toApiError('engine_away', 'The engine is away for a moment.'));
    return;
  }
  // Nobody waits for a query whose page has gone.
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const answer = await route(url, client, options.nowUnixMs(), gone.signal);
    sendJson(response, answer.httpStatus, answer.body);
  } catch (error) {
    if (gone.signal.aborted) return;
    options.log(`a query failed: ${error instanceof Error ? error.message : String(error)}`);
    sendJson(response, 500, toApiError('query_failed', 'The query failed; the log tells more.'));
  }
}

async function route(
  url: URL,
  client: EngineClient,
  nowUnixMs: number,
  signal: AbortSignal,
): Promise<ApiAnswer> {
  if (url.pathname === '/api/traces') {
    const query = parseTraceQuery(url.searchParams);
    if (typeof query === 'string') return { httpStatus: 400, body: toApiError('bad_parameter', query) };
    return { httpStatus: 200, body: await listTraces(client, query, nowUnixMs, signal) };
  }
  if (url.pathname === '/api/services') {
    return { httpStatus: 200, body: await listServices(client, nowUnixMs, signal) };
  }
  const traceId = TRACE_PATH.exec(url.pathname)?.[1]?.toLowerCase();
  if (traceId === undefined)
    return { httpStatus: 404, body: toApiError('unknown_path', 'There is nothing here.') };
  const trace = await readTrace(client, traceId, signal);
  return trace
    ? { httpStatus: 200, body: trace }
    : { httpStatus: 404, body: toApiError('unknown_trace', 'No span of this trace is stored.') };
}

/** Creates an error document of the query API. */
export function toApiError(code: string, message: string): ApiError {
  return { error: { code, message } };
}

/** Sends a document that must not be kept. */
export function sendJson(response: ServerResponse, httpStatus: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(httpStatus, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  response.end(text);
}
