import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOSED, toBreaker } from './breaker.ts';
import type { Breaker } from './breaker.ts';
import { decideFlush } from './flushPolicy.ts';
import type { FlushSituation } from './flushPolicy.ts';

const USUAL: FlushSituation = {
  breaker: CLOSED,
  nowMs: 1000,
  remainingMs: 3000,
  queued: 1,
  unanswered: 0,
  holds: true,
  spentMs: 0,
};

describe('decideFlush', () => {
  it('sends and waits up to 200 ms', () => {
    expect(decideFlush(USUAL)).toEqual({ send: true, waitMs: 200 });
  });
  it('leaves the function 50 ms before its deadline', () => {
    expect(decideFlush({ ...USUAL, remainingMs: 120 })).toEqual({ send: true, waitMs: 70 });
    expect(decideFlush({ ...USUAL, remainingMs: 20 })).toEqual({ send: true, waitMs: 0 });
  });
  it('waits no longer for several requests than for one', () => {
    expect(decideFlush({ ...USUAL, spentMs: 150 })).toEqual({ send: true, waitMs: 50 });
    expect(decideFlush({ ...USUAL, remainingMs: 120, spentMs: 30 })).toEqual({ send: true, waitMs: 40 });
    expect(decideFlush({ ...USUAL, spentMs: 200 })).toEqual({ send: false, waitMs: 0 });
    expect(decideFlush({ ...USUAL, remainingMs: 60, spentMs: 20 }).send).toBe(false);
  });
  it('waits for nothing where the platform does not wait for us', () => {
    expect(decideFlush({ ...USUAL, holds: false })).toEqual({ send: true, waitMs: 0 });
  });
  it('does nothing without spans, while probing, or with too much unanswered', () => {
    for (const change of [
      { queued: 0 },
      { breaker: { state: 'probing', openings: 1 } as const },
      { unanswered: 4 },
    ])
      expect(decideFlush({ ...USUAL, ...change })).toEqual({ send: false, waitMs: 0 });
  });
  it('sends nothing while the breaker is open, then a probe that nobody waits for', () => {
    const breaker: Breaker = { state: 'open', retryAtMs: 2000, openings: 1 };
    expect(decideFlush({ ...USUAL, breaker, nowMs: 1999 }).send).toBe(false);
    expect(decideFlush({ ...USUAL, breaker, nowMs: 2000 })).toEqual({ send: true, waitMs: 0 });
  });
  it('takes a pause longer than any for a wall clock that was set back', () => {
    const breaker: Breaker = { state: 'open', retryAtMs: 400_000, openings: 1 };
    expect(decideFlush({ ...USUAL, breaker }).send).toBe(true);
    expect(decideFlush({ ...USUAL, breaker, nowMs: 100_000 }).send).toBe(false);
  });
  it('never waits beyond the cap, and never without sending, whatever the situation', () => {
    const breaker = fc.oneof(
      fc.record({
        state: fc.constant('closed' as const),
        failures: fc.nat(3),
        openings: fc.constant(0 as const),
      }),
      fc.record({ state: fc.constant('open' as const), retryAtMs: fc.integer(), openings: fc.nat(20) }),
      fc.record({ state: fc.constant('probing' as const), openings: fc.nat(20) }),
    );
    const situation = fc.record({
      breaker,
      nowMs: fc.integer(),
      remainingMs: fc.oneof(fc.integer(), fc.constant(NaN)),
      queued: fc.nat(10),
      unanswered: fc.nat(6),
      holds: fc.boolean(),
      spentMs: fc.nat(300),
    });
    fc.assert(
      fc.property(situation, (any) => {
        const { send, waitMs } = decideFlush(any);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs + (send ? any.spentMs : 0)).toBeLessThanOrEqual(Math.max(200, any.spentMs));
        if (!send || any.breaker.state !== 'closed') expect(waitMs).toBe(0);
      }),
    );
  });
});

describe('toBreaker', () => {
  it('opens at the second failure in a row, and closes with an answer', () => {
    const once = toBreaker(CLOSED, { type: 'failed' }, 0);
    expect(once).toMatchObject({ state: 'closed', failures: 1 });
    expect(toBreaker(once, { type: 'answered' }, 0)).toEqual(CLOSED);
    expect(toBreaker(once, { type: 'failed' }, 500)).toEqual({ state: 'open', retryAtMs: 1500, openings: 1 });
  });
  it('pauses longer each time a probe fails, up to a minute', () => {
    let breaker: Breaker = { state: 'probing', openings: 1 };
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      breaker = toBreaker(breaker, { type: 'failed' }, 0);
      if (breaker.state !== 'open') throw new Error('not open');
      pauses.push(breaker.retryAtMs);
      breaker = { state: 'probing', openings: breaker.openings };
    }
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });
  it('opens at once, and for as long, when the collector says when to come again', () => {
    expect(toBreaker(CLOSED, { type: 'failed', retryAfterMs: 30_000 }, 0)).toEqual({
      state: 'open',
      retryAtMs: 30_000,
      openings: 1,
    });
  });
});
