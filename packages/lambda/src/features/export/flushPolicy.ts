import type { Breaker } from './breaker.ts';

/** What a flush depends on. Times are ms. */
export interface FlushSituation {
  readonly breaker: Breaker;
  readonly nowMs: number;
  /** Until the function's deadline; not a number where that is unknown. */
  readonly remainingMs: number;
  /** Records that wait to be sent. */
  readonly queued: number;
  /** Requests that have been sent and not been answered. */
  readonly unanswered: number;
  /** The platform does not freeze the environment before we say so. */
  readonly holds: boolean;
  /** How long this flush has waited already, for requests before. */
  readonly spentMs: number;
}

/** What to do when an invocation's response has left. */
export interface FlushDecision {
  readonly send: boolean;
  /** How long to wait at most for the answer, ms; this is the billed tail. */
  readonly waitMs: number;
}

/** The longest billed tail, design 3.3. */
export const MAX_TAIL_MS = 200;
/** What is left to the function for its own end before the deadline. */
const DEADLINE_MARGIN_MS = 50;
/** Beyond this many unanswered requests, records wait in the queue. */
const MAX_UNANSWERED = 4;

/** No collector asks for a longer pause, and none is made: beyond it the wall clock has been set back since. */
const LONGEST_PAUSE_MS = 300_000;

const NOTHING: FlushDecision = { send: false, waitMs: 0 };

/**
 * Decides whether to send now, and how long to keep the environment for the answer; pure.
 *
 * A broken collector costs no time: while the breaker is open nothing is sent, and a probe is sent without waiting. Its
 * answer is looked at after the next invocation, however long the environment was frozen in between.
 */
export function decideFlush(situation: FlushSituation): FlushDecision {
  const { breaker, nowMs, remainingMs, queued, unanswered, holds, spentMs } = situation;
  if (queued === 0 || unanswered >= MAX_UNANSWERED || breaker.state === 'probing') return NOTHING;
  if (breaker.state === 'open') {
    const pauseMs = breaker.retryAtMs - nowMs;
    return pauseMs > 0 && pauseMs <= LONGEST_PAUSE_MS ? NOTHING : { send: true, waitMs: 0 };
  }
  if (!holds) return { send: true, waitMs: 0 };
  const waitMs = Math.max(0, toTailMs(remainingMs) - spentMs);
  return waitMs === 0 && spentMs > 0 ? NOTHING : { send: true, waitMs };
}

/**
 * The longest tail of an invocation, ms.
 *
 * @param remainingMs until the function's deadline; not a number where that is unknown
 */
export function toTailMs(remainingMs: number): number {
  return Number.isNaN(remainingMs) ? MAX_TAIL_MS : Math.min(MAX_TAIL_MS, remainingMs - DEADLINE_MARGIN_MS);
}
