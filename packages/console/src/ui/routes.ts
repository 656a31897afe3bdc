/** Which traces the list shows; the same names as the query API's. */
export interface TraceFilters {
  readonly service: string;
  readonly cold: boolean;
  readonly error: boolean;
  readonly q: string;
  /** 0 when any duration will do. */
  readonly minDurationMs: number;
}

/** Where the reader is. */
export type Route =
  | { readonly page: 'list'; readonly filters: TraceFilters }
  | { readonly page: 'trace'; readonly traceId: string; readonly spanId: string | undefined }
  | { readonly page: 'unknown'; readonly path: string };

/** All traces. */
export const NO_FILTERS: TraceFilters = { service: '', cold: false, error: false, q: '', minDurationMs: 0 };

/** Longer text finds nothing and only fills the address. */
const MAX_TEXT_LENGTH = 200;
const MAX_DURATION_MS = 1e9;

/**
 * Reads an address of the pages. What cannot be understood in its query is left out.
 *
 * @param url an absolute address
 */
export function parseRoute(url: URL): Route {
  const path = url.pathname.replace(/\/+$/, '') || '/';
  if (path === '/' || path === '/traces') return { page: 'list', filters: parseFilters(url.searchParams) };
  const traceId = /^\/traces\/([0-9a-f]{32})$/i.exec(path)?.[1];
  if (!traceId) return { page: 'unknown', path };
  const spanId = url.searchParams.get('span')?.toLowerCase();
  return {
    page: 'trace',
    traceId: traceId.toLowerCase(),
    spanId: spanId && /^[0-9a-f]{16}$/.test(spanId) ? spanId : undefined,
  };
}

function parseFilters(query: URLSearchParams): TraceFilters {
  const minDurationMs = Number(query.get('minDurationMs') ?? 0);
  return {
    service: (query.get('service') ?? '').slice(0, MAX_TEXT_LENGTH),
    cold: query.get('cold') === 'true',
    error: query.get('error') === 'true',
    q: (query.get('q') ?? '').slice(0, MAX_TEXT_LENGTH),
    minDurationMs:
      Number.isFinite(minDurationMs) && minDurationMs > 0 ? Math.min(minDurationMs, MAX_DURATION_MS) : 0,
  };
}

/** Filters as query parameters, for addresses and for the query API; only those that are set. */
export function toFilterQuery(filters: TraceFilters): URLSearchParams {
  const query = new URLSearchParams();
  if (filters.service) query.set('service', filters.service);
  if (filters.cold) query.set('cold', 'true');
  if (filters.error) query.set('error', 'true');
  if (filters.q.trim()) query.set('q', filters.q.trim());
  if (filters.minDurationMs > 0) query.set('minDurationMs', String(filters.minDurationMs));
  return query;
}

/** The address of the list. */
export function toListPath(filters: TraceFilters): string {
  const query = toFilterQuery(filters).toString();
  return query ? `/?${query}` : '/';
}

/** The address of a trace, with one of its spans open when given. */
export function toTracePath(traceId: string, spanId?: string): string {
  return `/traces/${encodeURIComponent(traceId)}${spanId ? `?span=${encodeURIComponent(spanId)}` : ''}`;
}

/** Do they let everything through? */
export function isUnfiltered(filters: TraceFilters): boolean {
  return toFilterQuery(filters).size === 0;
}
