import { CLOSED } from './breaker.ts';
import type { Breaker } from './breaker.ts';
import { MAX_TAIL_MS } from './flushPolicy.ts';

/** What it depends on how a busy environment goes on to its next invocation. */
export interface OverlapSituation {
  readonly breaker: Breaker;
  /** How long ago the oldest request without an answer was sent, ms; `undefined` where all are answered. */
  readonly unansweredMs: number | undefined;
  /** A connection is open on which a request leaves at once. */
  readonly connected: boolean;
}

/**
 * `write`: the request leaves now, its answer is read during a later invocation. `hold`: records wait in memory for an
 * invocation that ends when the request before has been answered. `wait`: as `flush=each` does.
 */
export type OverlapDecision = 'write' | 'hold' | 'wait';

/**
 * Decides how a busy environment goes on; pure. Whoever has reason to doubt the collector waits for it. So what is only in
 * memory between two invocations has ended less than a tail after the request before was sent.
 */
export function decideOverlap(situation: OverlapSituation): OverlapDecision {
  const { breaker, unansweredMs, connected } = situation;
  if (breaker !== CLOSED) return 'wait';
  if (unansweredMs !== undefined) return unansweredMs < MAX_TAIL_MS ? 'hold' : 'wait';
  return connected ? 'write' : 'wait';
}
