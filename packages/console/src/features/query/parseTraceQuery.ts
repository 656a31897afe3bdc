import type { TraceQuery } from '../../api/types.ts';

/** The place of a trace in the list. */
export interface TraceCursor {
  readonly startUnixNano: bigint;
  /** Empty for the first place of its nanosecond. */
  readonly traceId: string;
}

/** A query with everything filled in that it needs. */
export type CheckedTraceQuery = Omit<TraceQuery, 'limit' | 'before'> & {
  readonly limit: number;
  readonly before?: TraceCursor;
};

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;
const MAX_TEXT_CHARS = 1_000;
const CURSOR = /^(\d{1,19})(?:-([0-9a-f]{32}))?$/;
/** The largest moment that the engine knows. */
export const MAX_INT64 = 9_223_372_036_854_775_807n;

/**
 * Reads the query parameters of the trace list.
 *
 * @returns what is wrong, as a sentence, when a parameter has a value that it cannot have
 */
export function parseTraceQuery(params: URLSearchParams): CheckedTraceQuery | string {
  const limit = Number(params.get('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) return `limit must be 1 to ${MAX_LIMIT}.`;
  const beforeText = params.get('before');
  const before = beforeText === null ? undefined : toTraceCursor(beforeText);
  if (beforeText !== null && before === undefined) {
    return 'before must be a nextBefore of the list, or a decimal number of nanoseconds since 1970.';
  }
  const minDuration = params.get('minDurationMs') ?? undefined;
  const minDurationMs = minDuration === undefined ? undefined : Number(minDuration || NaN);
  if (
    minDurationMs !== undefined &&
    !(minDurationMs >= 0 && minDurationMs <= Number.MAX_SAFE_INTEGER / 1e6)
  ) {
    return 'minDurationMs must be a number of milliseconds.';
  }
  const flags: { cold?: boolean; error?: boolean } = {};
  for (const name of ['cold', 'error'] as const) {
    const value = params.get(name);
    if (value === null) continue;
    if (value !== 'true' && value !== 'false') return `${name} must be true or false.`;
    if (value === 'true') flags[name] = true;
  }
  const texts: { service?: string; q?: string } = {};
  for (const name of ['service', 'q'] as const) {
    const value = params.get(name);
    if (!value) continue;
    if (value.length > MAX_TEXT_CHARS) return `${name} is too long.`;
    texts[name] = value;
  }
  return {
    limit,
    ...(before === undefined ? {} : { before }),
    ...(minDurationMs === undefined ? {} : { minDurationMs }),
    ...flags,
    ...texts,
  };
}

function toTraceCursor(text: string): TraceCursor | undefined {
  const [, nano = '', traceId = ''] = CURSOR.exec(text) ?? [];
  return nano === '' || BigInt(nano) > MAX_INT64 ? undefined : { startUnixNano: BigInt(nano), traceId };
}
