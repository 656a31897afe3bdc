import { describe, expect, it } from 'vitest';
import { followChain, isAsStarted } from './chain.ts';
import type { Span } from './consoleApi.ts';
import { drawTrace } from './printTrace.ts';

function span(spanId: string, parentSpanId: string, type: string, more: Partial<Span> = {}): Span {
  return {
    spanId,
    parentSpanId,
    name: spanId,
    kind: 'Internal',
    service: 'storefront',
    startUnixNano: `17000000000000000${spanId.length.toString().padStart(2, '0')}`,
    durationMs: 1,
    status: { code: 'Unset', message: '' },
    links: [],
    ...more,
    attributes: { 'clickspan.span.type': type, ...more.attributes },
  };
}

const orders = { service: 'orders' };
const coldOrders = { ...orders, attributes: { 'faas.coldstart': 'true' } };
const cold: readonly Span[] = [
  span('click', '', 'action'),
  span('GET', 'click', 'request', { attributes: { 'http.request.method': 'GET' } }),
  span('POST', 'click', 'request', { attributes: { 'http.request.method': 'POST' } }),
  span('init', 'POST', 'init', orders),
  span('order', 'POST', 'invocation', coldOrders),
  span('DynamoDB.PutItem', 'order', 'call', orders),
  span('SQS.SendMessage', 'order', 'call', { ...orders, kind: 'Producer' }),
  span('fulfil', 'SQS.SendMessage', 'invocation', { service: 'fulfil' }),
];
const without = (...ids: string[]): Span[] => cold.filter(({ spanId }) => !ids.includes(spanId));
const moved = (id: string, parentSpanId: string): Span[] =>
  cold.map((one) => (one.spanId === id ? { ...one, parentSpanId } : one));

describe('followChain', () => {
  it('finds the whole chain', () => {
    expect(followChain(cold, true).missing).toEqual([]);
    expect(isAsStarted(cold, followChain(cold, true), true)).toBe(true);
  });

  it.each([
    ['click', ['action']],
    ['POST', ['request']],
    ['init', ['init']],
    ['order', ['invocation']],
    ['DynamoDB.PutItem', ['write']],
    ['SQS.SendMessage', ['send']],
    ['fulfil', ['fulfilment']],
  ])('misses what follows from %s not being there', (id, missing) => {
    expect(followChain(without(id), true).missing).toEqual(expect.arrayContaining(missing));
  });

  it.each([
    ['the order beside its request', moved('order', 'click'), 'invocation'],
    ['the init below the order', moved('init', 'order'), 'init'],
    ['the fulfilment below the order', moved('fulfil', 'order'), 'fulfilment'],
    ['the request below another', moved('POST', 'GET'), 'request'],
  ])('takes %s for broken', (_, spans, step) => {
    expect(followChain(spans, true).missing).toContain(step);
  });

  it('wants no init of a warm order, and no cold start anywhere in its trace', () => {
    const warm = without('init').map((one) =>
      one.spanId === 'order' ? span('order', 'POST', 'invocation', orders) : one,
    );
    expect(followChain(warm, false).missing).toEqual([]);
    expect(isAsStarted(warm, followChain(warm, false), false)).toBe(true);
    expect(isAsStarted(cold, followChain(cold, false), false)).toBe(false);
    expect(isAsStarted(warm, followChain(warm, true), true)).toBe(false);
  });
});

describe('drawTrace', () => {
  it('draws a tree with cold starts marked, and what has lost its parent as a root', () => {
    const text = drawTrace('t', [...cold, span('lost', 'unknown', 'call')]);
    expect(text.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim())).toEqual([
      'trace t',
      'click storefront 1 ms',
      '├─ GET storefront 1 ms',
      '└─ POST storefront 1 ms',
      '├─ init orders 1 ms cold',
      '└─ order orders 1 ms cold',
      '├─ SQS.SendMessage orders 1 ms',
      '│ └─ fulfil fulfil 1 ms',
      '└─ DynamoDB.PutItem orders 1 ms',
      'lost storefront 1 ms',
    ]);
  });
});
