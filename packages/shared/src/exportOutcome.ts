/** What to do with a batch after the collector has (or has not) answered. */
export type ExportOutcome =
  | { readonly status: 'sent' }
  | { readonly status: 'retry'; readonly afterMs: number | undefined }
  | { readonly status: 'drop' };

/** With these, and where there was no answer. */
const RETRYABLE: readonly number[] = [0, 429, 502, 503, 504];
/** A `Retry-After` beyond this is taken as this: a wrong clock must not silence an agent for days. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * Decides what an OTLP/HTTP answer means.
 *
 * @param httpStatus the status code; 0 when there was no answer (connection refused or lost, timeout)
 * @param retryAfter the `Retry-After` header: seconds or an HTTP date
 * @param nowUnixMs the clock against which an HTTP date is read
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
export function decideExportOutcome(
  httpStatus: number,
  retryAfter: string | null | undefined,
  nowUnixMs: number,
): ExportOutcome {
  if (httpStatus >= 200 && httpStatus < 300) return { status: 'sent' };
  if (RETRYABLE.includes(httpStatus)) {
    return { status: 'retry', afterMs: parseRetryAfter(retryAfter, nowUnixMs) };
  }
  return { status: 'drop' };
}

function parseRetryAfter(value: string | null | undefined, nowUnixMs: number): number | undefined {
  if (!value) return undefined;
  const afterMs = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowUnixMs;
  return isNaN(afterMs) ? undefined : Math.min(Math.max(afterMs, 0), MAX_RETRY_AFTER_MS);
}
