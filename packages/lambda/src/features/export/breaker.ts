/**
 * What the agent believes of its collector. `closed`: it works. `open`: it does not, and nothing is sent before
 * `retryAtMs`. `probing`: one request is on its way to find out.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly failures: number; readonly openings: 0 }
  | { readonly state: 'open'; readonly retryAtMs: number; readonly openings: number }
  | { readonly state: 'probing'; readonly openings: number };

/** What can become of a request. */
export type BreakerEvent =
  { readonly type: 'answered' } | { readonly type: 'failed'; readonly retryAfterMs?: number | undefined };

export const CLOSED: Breaker = { state: 'closed', failures: 0, openings: 0 };

/** Two in a row: one may be a connection that had gone stale, the second costs at most one more billed tail. */
const FAILURES_TO_OPEN = 2;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * The breaker after an event; pure.
 *
 * @param nowMs the time in ms, on the scale of `retryAtMs`
 */
export function toBreaker(breaker: Breaker, event: BreakerEvent, nowMs: number): Breaker {
  if (event.type === 'answered') return CLOSED;
  if (breaker.state === 'closed' && breaker.failures + 1 < FAILURES_TO_OPEN && !event.retryAfterMs)
    return { ...breaker, failures: breaker.failures + 1 };
  // What was sent before the breaker opened may still fail: that is no news.
  if (breaker.state === 'open' && !event.retryAfterMs) return breaker;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** breaker.openings);
  const openings = Math.min(breaker.openings + 1, 16);
  return { state: 'open', retryAtMs: nowMs + Math.max(pauseMs, event.retryAfterMs ?? 0), openings };
}
