import { describe, expect, it } from 'vitest';
import { summariseColdStarts, sumByService } from './coldStarts.ts';
import { createFixtureSpan } from './spanFixture.ts';
import type { FixtureSpan } from './spanFixture.ts';
import { createSpanTree } from './spanTree.ts';

const summarise = (...spans: readonly FixtureSpan[]) =>
  summariseColdStarts(createSpanTree(spans.map(createFixtureSpan)));

const COLD = { 'clickspan.span.type': 'invocation', 'faas.coldstart': 'true' };
const INIT = { 'clickspan.span.type': 'init' };

const chain: readonly FixtureSpan[] = [
  { spanId: 'action' },
  { spanId: 'request', parentSpanId: 'action', kind: 'Client', atMs: 1 },
  { spanId: 'other', parentSpanId: 'action', kind: 'Client', atMs: 2 },
  {
    spanId: 'init',
    parentSpanId: 'request',
    service: 'orders',
    atMs: 3,
    durationMs: 430,
    attributes: INIT,
  },
  {
    spanId: 'invocation',
    parentSpanId: 'request',
    kind: 'Server',
    service: 'orders',
    atMs: 433,
    attributes: COLD,
  },
  { spanId: 'call', parentSpanId: 'invocation', kind: 'Client', service: 'orders', atMs: 440 },
];

describe('summariseColdStarts', () => {
  it('takes the wait from the init beside the invocation, and marks the way from the root down', () => {
    const { coldStarts, containing, cold } = summarise(...chain);
    expect(coldStarts).toEqual([{ spanId: 'invocation', service: 'orders', waitedMs: 430 }]);
    expect([...containing].sort()).toEqual(['action', 'invocation', 'request']);
    expect([...cold]).toEqual(['invocation']);
  });

  it('knows no wait when the environment was ready before the call', () => {
    const { coldStarts } = summarise(...chain.filter((span) => span.spanId !== 'init'));
    expect(coldStarts).toEqual([{ spanId: 'invocation', service: 'orders', waitedMs: undefined }]);
  });

  it('does not take the init of another environment', () => {
    const environments = chain.map((span) =>
      span.spanId === 'init' || span.spanId === 'invocation'
        ? { ...span, resource: { 'faas.instance': span.spanId } }
        : span,
    );
    expect(summarise(...environments).coldStarts[0]?.waitedMs).toBeUndefined();
  });

  it('finds the init while the request of both has not arrived', () => {
    const orphans = chain.filter((span) => span.spanId === 'init' || span.spanId === 'invocation');
    expect(summarise(...orphans).coldStarts[0]?.waitedMs).toBe(430);
  });

  it('believes the request while the function has not reported', () => {
    const told = {
      spanId: 'request',
      kind: 'Client' as const,
      attributes: { 'clickspan.cold_start_ms': '212.5' },
    };
    expect(summarise(told).coldStarts).toEqual([{ spanId: 'request', service: 'shop', waitedMs: 212.5 }]);
    expect(summarise(told, { ...chain[4]!, parentSpanId: 'request' }).coldStarts).toHaveLength(1);
  });

  it('finds none in a warm trace', () => {
    const warm = chain.map((span) =>
      span.spanId === 'invocation' ? { ...span, attributes: { 'faas.coldstart': 'false' } } : span,
    );
    expect(summarise(...warm)).toMatchObject({ coldStarts: [], containing: new Set() });
  });
});

describe('sumByService', () => {
  it('sums by service, in the order of their first cold starts', () => {
    expect(
      sumByService([
        { spanId: '1', service: 'ready', waitedMs: undefined },
        { spanId: '2', service: 'a', waitedMs: 100 },
        { spanId: '3', service: 'b', waitedMs: 150 },
        { spanId: '4', service: 'a', waitedMs: 200 },
        { spanId: '5', service: 'a', waitedMs: undefined },
      ]),
    ).toEqual([
      { service: 'ready', count: 1, waitedMs: undefined },
      { service: 'a', count: 3, waitedMs: 300 },
      { service: 'b', count: 1, waitedMs: 150 },
    ]);
  });
});
