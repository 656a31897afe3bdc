import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findClockSkew } from './clockSkew.ts';
import { createFixtureSpan } from './spanFixture.ts';
import type { FixtureSpan } from './spanFixture.ts';
import { createSpanTree } from './spanTree.ts';

const find = (...spans: readonly FixtureSpan[]) =>
  findClockSkew(createSpanTree(spans.map(createFixtureSpan)));

const request: FixtureSpan = { spanId: 'request', kind: 'Client', service: 'shop', atMs: 0, durationMs: 100 };
const invocation = (more: Partial<FixtureSpan>): FixtureSpan => ({
  spanId: 'invocation',
  parentSpanId: 'request',
  kind: 'Server',
  service: 'orders',
  durationMs: 60,
  ...more,
});

describe('findClockSkew', () => {
  it('says nothing while the callee lies within its caller', () => {
    expect(find(request, invocation({ atMs: 20 })).size).toBe(0);
  });

  it('says nothing about less than the clocks can tell', () => {
    expect(find(request, invocation({ atMs: -0.6 })).size).toBe(0);
    expect(find(request, invocation({ atMs: 40.7 })).size).toBe(0);
  });

  it.each([-500, -3, 45, 9_000])('centres a callee that began %d ms after its caller', (atMs) => {
    const notes = find(request, invocation({ atMs }));
    expect(notes.get('invocation')).toEqual({ shiftMs: 20 - atMs, reason: 'moved' });
  });

  it('moves init and invocation of one environment together, and what hangs below', () => {
    const notes = find(
      request,
      { spanId: 'init', parentSpanId: 'request', service: 'orders', atMs: -200, durationMs: 50 },
      invocation({ atMs: -150, durationMs: 40 }),
      { spanId: 'call', parentSpanId: 'invocation', kind: 'Client', service: 'orders', atMs: -140 },
    );
    expect(notes.get('init')).toEqual({ shiftMs: 205, reason: 'moved' });
    expect(notes.get('invocation')).toEqual({ shiftMs: 205, reason: 'moved' });
    expect(notes.get('call')).toEqual({ shiftMs: 205, reason: 'inherited' });
    expect(notes.has('request')).toBe(false);
  });

  it('judges a further hop against where its caller is drawn', () => {
    const notes = find(
      request,
      invocation({ atMs: -500 }),
      {
        spanId: 'call',
        parentSpanId: 'invocation',
        kind: 'Client',
        service: 'orders',
        atMs: -490,
        durationMs: 20,
      },
      {
        spanId: 'second',
        parentSpanId: 'call',
        kind: 'Server',
        service: 'stock',
        atMs: -485,
        durationMs: 10,
      },
    );
    expect(notes.get('second')).toEqual({ shiftMs: 520, reason: 'inherited' });
  });

  it('leaves a callee that ran on after its caller had given up', () => {
    const notes = find({ ...request, status: { code: 'Error', message: '' } }, invocation({ atMs: 60 }));
    expect(notes.get('invocation')).toEqual({ shiftMs: 0, reason: 'outlived' });
    expect(find(request, invocation({ atMs: 10, durationMs: 400 })).get('invocation')?.reason).toBe(
      'outlived',
    );
  });

  it('lets a message be read long after it was sent, but never before', () => {
    const send: FixtureSpan = { ...request, spanId: 'send', kind: 'Producer', durationMs: 15 };
    const consumer: FixtureSpan = {
      spanId: 'fulfil',
      parentSpanId: 'send',
      kind: 'Consumer',
      service: 'fulfil',
      durationMs: 40,
    };
    expect(find(send, { ...consumer, atMs: 60_000 }).size).toBe(0);
    expect(find(send, { ...consumer, atMs: -30 }).get('fulfil')).toEqual({ shiftMs: 30, reason: 'moved' });
  });

  it('does not touch children of the same process, nor of what made no call', () => {
    expect(find(request, invocation({ service: 'shop', atMs: -500 })).size).toBe(0);
    expect(find({ ...request, kind: 'Internal' }, invocation({ atMs: -500 })).size).toBe(0);
  });

  it('makes every callee that is no longer than its caller fit within it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: -5000, max: 5000 }),
        (callerMs, calleeMs, atMs) => {
          fc.pre(calleeMs <= callerMs);
          const notes = find(
            { ...request, durationMs: callerMs },
            invocation({ atMs, durationMs: calleeMs }),
          );
          const drawnAtMs = atMs + (notes.get('invocation')?.shiftMs ?? 0);
          expect(drawnAtMs).toBeGreaterThanOrEqual(-1.001);
          expect(drawnAtMs + calleeMs).toBeLessThanOrEqual(callerMs + 1.001);
        },
      ),
    );
  });
});
