import { describe, expect, it } from 'vitest';
import { createFixtureSpan, FIXTURE_START_UNIX_MS } from './spanFixture.ts';
import type { FixtureSpan } from './spanFixture.ts';
import { createTraceView } from './traceView.ts';

const view = (...spans: readonly FixtureSpan[]) =>
  createTraceView({ traceId: 't', truncated: false, spans: spans.map(createFixtureSpan) });

describe('createTraceView', () => {
  it('measures the whole from the first start to the last end', () => {
    const trace = view(
      { spanId: 'a', durationMs: 50 },
      { spanId: 'b', parentSpanId: 'a', atMs: 30, durationMs: 90 },
    );
    expect(trace.window).toEqual({ startMs: 0, endMs: 120 });
    expect(trace.startUnixNano).toBe(`${FIXTURE_START_UNIX_MS}000000`);
  });

  it('lets a wrong clock stretch nothing', () => {
    const trace = view(
      { spanId: 'request', kind: 'Client', durationMs: 100 },
      {
        spanId: 'invocation',
        parentSpanId: 'request',
        kind: 'Server',
        service: 'orders',
        atMs: -3_600_000,
        durationMs: 60,
      },
    );
    expect(trace.window).toEqual({ startMs: 0, endMs: 100 });
    expect(trace.startUnixNano).toBe(`${FIXTURE_START_UNIX_MS}000000`);
    expect(trace.views.get('invocation')).toMatchObject({ startMs: 20, skew: { reason: 'moved' } });
  });

  it('names services in the order in which the click reached them', () => {
    const trace = view(
      { spanId: 'a', service: 'shop' },
      { spanId: 'c', parentSpanId: 'a', service: 'fulfil', atMs: 9 },
      { spanId: 'b', parentSpanId: 'a', service: 'orders', atMs: 5 },
    );
    expect(trace.services).toEqual(['shop', 'orders', 'fulfil']);
  });

  it('tells apart every kind of span', () => {
    const type = (name: string) => ({ 'clickspan.span.type': name });
    const trace = view(
      { spanId: 'action', attributes: { ...type('action'), 'clickspan.action.type': 'load' } },
      { spanId: 'request', kind: 'Client', attributes: type('request') },
      { spanId: 'init', attributes: type('init') },
      { spanId: 'invocation', kind: 'Server', attributes: type('invocation') },
      { spanId: 'call', kind: 'Client', attributes: { ...type('call'), 'db.system.name': 'aws.dynamodb' } },
      { spanId: 'send', kind: 'Producer', attributes: type('call') },
      { spanId: 'fulfil', kind: 'Consumer', attributes: type('invocation') },
      { spanId: 'foreign client', kind: 'Client' },
      { spanId: 'foreign server', kind: 'Server' },
      { spanId: 'foreign', kind: 'Internal' },
    );
    const kinds = [...trace.views.values()].map(({ node, category, icon }) => [
      node.span.spanId,
      category,
      icon,
    ]);
    expect(kinds).toEqual(
      expect.arrayContaining([
        ['action', 'action', 'load'],
        ['request', 'request', 'request'],
        ['init', 'init', 'init'],
        ['invocation', 'invocation', 'invocation'],
        ['call', 'call', 'database'],
        ['send', 'message', 'producer'],
        ['fulfil', 'message', 'consumer'],
        ['foreign client', 'call', 'call'],
        ['foreign server', 'invocation', 'server'],
        ['foreign', 'other', 'internal'],
      ]),
    );
    expect(trace.categories).toEqual(['action', 'request', 'init', 'invocation', 'call', 'message', 'other']);
  });

  it('counts what is folded away, and places among siblings', () => {
    const trace = view(
      { spanId: 'a' },
      { spanId: 'b', parentSpanId: 'a', atMs: 1 },
      { spanId: 'c', parentSpanId: 'b', atMs: 2 },
      { spanId: 'd', parentSpanId: 'a', atMs: 3 },
    );
    expect(trace.views.get('a')?.descendantCount).toBe(3);
    expect(trace.views.get('d')).toMatchObject({ position: 2, siblingCount: 2, descendantCount: 0 });
  });

  it('tells how much of the action was waiting for cold starts', () => {
    const action = (coldMs: string) =>
      view({ spanId: 'a', durationMs: 600, attributes: { 'clickspan.action.cold_start_ms': coldMs } });
    expect(action('281.6').actionColdMs).toBe(281.6);
    expect(action('900').actionColdMs).toBe(600);
    expect(action('<b>').actionColdMs).toBe(0);
    expect(view({ spanId: 'a' }).actionColdMs).toBe(0);
  });

  it('knows when the root has not arrived', () => {
    const trace = view({ spanId: 'b', parentSpanId: 'a' });
    expect(trace).toMatchObject({ rootSeen: false, head: { node: { placement: 'orphan' } } });
  });

  it('shows a trace without spans', () => {
    expect(view()).toMatchObject({ head: undefined, rootSeen: false, window: { startMs: 0, endMs: 0 } });
  });
});
