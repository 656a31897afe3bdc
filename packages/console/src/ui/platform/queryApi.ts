import type { ApiError, Health, ServiceList, Trace, TraceList } from '../../api/types.ts';
import { toFilterQuery } from '../routes.ts';
import type { TraceFilters } from '../routes.ts';

/** What asking the console came to. */
export type Answer<T> =
  | { readonly status: 'ok'; readonly value: T }
  | { readonly status: 'notFound' }
  /** The console answered, but not with what was asked for. */
  | { readonly status: 'failed'; readonly httpStatus: number; readonly message: string }
  /** Nobody answered. */
  | { readonly status: 'unreachable' };

/** Nothing was wrong with the question, so that the same one may have an answer later. */
export function isPassing(answer: Answer<unknown>): boolean {
  return answer.status === 'unreachable' || (answer.status === 'failed' && answer.httpStatus >= 500);
}

/** How long to wait before asking again what has had no answer. */
export const RETRY_MS = 2_000;

/** The console's query API. Every call ends within its deadline and none throws. */
export interface QueryApi {
  readonly readTraces: (request: {
    readonly filters: TraceFilters;
    readonly limit: number;
    readonly before?: string | undefined;
  }) => Promise<Answer<TraceList>>;
  readonly readTrace: (traceId: string) => Promise<Answer<Trace>>;
  readonly readServices: () => Promise<Answer<ServiceList>>;
  readonly readHealth: () => Promise<Answer<Health>>;
}

/** Long enough for a busy engine, short enough that a dead console is told of. */
const DEADLINE_MS = 20_000;

/** Creates a client of the query API on the page's own origin. */
export function createQueryApi(): QueryApi {
  return {
    readTraces: ({ filters, limit, before }) => {
      const query = toFilterQuery(filters);
      query.set('limit', String(limit));
      if (before) query.set('before', before);
      return read(`/api/traces?${query}`, (body): body is TraceList => hasList(body, 'traces'));
    },
    readTrace: (traceId) =>
      read(`/api/traces/${encodeURIComponent(traceId)}`, (body): body is Trace => hasList(body, 'spans')),
    readServices: () => read('/api/services', (body): body is ServiceList => hasList(body, 'services')),
    readHealth: () =>
      read(
        '/api/health',
        (body): body is Health => isObject(body) && typeof body['collectorUrl'] === 'string',
      ),
  };
}

async function read<T>(path: string, isExpected: (body: unknown) => body is T): Promise<Answer<T>> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const text = await response.text();
    body = parseJson(text);
  } catch {
    return { status: 'unreachable' };
  }
  // Health answers 503 while the engine starts, and tells the collector's address all the same.
  if (isExpected(body)) return { status: 'ok', value: body };
  if (response.status === 404) return { status: 'notFound' };
  // A proxy in between speaks for a console that is gone.
  if (response.status === 502 || response.status === 504) return { status: 'unreachable' };
  const message = isApiError(body) ? body.error.message : response.statusText;
  return { status: 'failed', httpStatus: response.status, message };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function hasList(body: unknown, name: string): boolean {
  return isObject(body) && Array.isArray(body[name]);
}

function isApiError(body: unknown): body is ApiError {
  return isObject(body) && isObject(body['error']) && typeof body['error']['message'] === 'string';
}
