import { describe, expect, it } from 'vitest';
import { findSpans } from './findSpans.ts';
import { createFixtureSpan } from './spanFixture.ts';
import { createSpanTree } from './spanTree.ts';

const { roots } = createSpanTree([
  createFixtureSpan({
    spanId: 'b',
    parentSpanId: 'a',
    atMs: 1,
    name: 'PutItem',
    attributes: { table: 'Orders' },
  }),
  createFixtureSpan({ spanId: 'a', name: 'click "Buy"' }),
  createFixtureSpan({ spanId: 'c', parentSpanId: 'b', atMs: 2, service: 'orders' }),
]);

describe('findSpans', () => {
  it('finds by name, service and attribute value, in the order of the waterfall', () => {
    expect(findSpans(roots, ' ORDERS ')).toEqual(['b', 'c']);
    expect(findSpans(roots, 'buy')).toEqual(['a']);
  });

  it('finds nothing for nothing', () => {
    expect(findSpans(roots, '  ')).toEqual([]);
  });
});
