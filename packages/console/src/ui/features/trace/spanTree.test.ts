import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFixtureSpan } from './spanFixture.ts';
import type { FixtureSpan } from './spanFixture.ts';
import { createSpanTree, toVisibleNodes } from './spanTree.ts';
import type { SpanNode, SpanTree } from './spanTree.ts';

const build = (...spans: readonly FixtureSpan[]): SpanTree => createSpanTree(spans.map(createFixtureSpan));

const outline = (nodes: readonly SpanNode[]): string[] =>
  nodes.map((node) => `${'  '.repeat(node.depth)}${node.span.spanId}`);

describe('createSpanTree', () => {
  it('puts children below their parent by start time, init before its invocation', () => {
    const tree = build(
      { spanId: 'call', parentSpanId: 'invocation', atMs: 40 },
      { spanId: 'invocation', parentSpanId: 'request', atMs: 30 },
      { spanId: 'init', parentSpanId: 'request', atMs: 10 },
      { spanId: 'request', parentSpanId: 'action', atMs: 5 },
      { spanId: 'action' },
    );
    expect(outline(toVisibleNodes(tree.roots, new Set()))).toEqual([
      'action',
      '  request',
      '    init',
      '    invocation',
      '      call',
    ]);
  });

  it('keeps spans whose parent has not arrived, as marked roots after the true root', () => {
    const tree = build(
      { spanId: 'early', parentSpanId: 'lost', atMs: -5 },
      { spanId: 'below', parentSpanId: 'early', atMs: 1 },
      { spanId: 'action' },
    );
    expect(tree.roots.map((root) => [root.span.spanId, root.placement])).toEqual([
      ['action', 'root'],
      ['early', 'orphan'],
    ]);
    expect(tree.nodes.get('below')?.placement).toBe('child');
  });

  it('cuts a loop at its earliest span', () => {
    const tree = build(
      { spanId: 'a', parentSpanId: 'c', atMs: 2 },
      { spanId: 'b', parentSpanId: 'a', atMs: 1 },
      { spanId: 'c', parentSpanId: 'b', atMs: 3 },
    );
    expect(outline(toVisibleNodes(tree.roots, new Set()))).toEqual(['b', '  c', '    a']);
    expect(tree.nodes.get('b')?.placement).toBe('loop');
  });

  it('keeps a span that names itself as its parent', () => {
    const tree = build({ spanId: 'self', parentSpanId: 'self' });
    expect(tree.roots.map((root) => root.placement)).toEqual(['loop']);
  });

  it('counts times from the earliest start, to the nanosecond', () => {
    const tree = build({ spanId: 'a', atMs: 0.001 }, { spanId: 'b', parentSpanId: 'a', atMs: 1.5 });
    expect(tree.nodes.get('a')?.startMs).toBe(0);
    expect(tree.nodes.get('b')?.startMs).toBe(1.499);
  });

  it('survives durations and times that are none', () => {
    const broken = { ...createFixtureSpan({ spanId: 'a', durationMs: Number.NaN }), startUnixNano: 'soon' };
    expect(createSpanTree([broken]).nodes.get('a')).toMatchObject({ startMs: 0, durationMs: 0 });
  });

  it('takes a chain of 20,000 spans', () => {
    const spans = Array.from({ length: 20_000 }, (_, index) =>
      createFixtureSpan({ spanId: `${index}`, parentSpanId: index === 0 ? '' : `${index - 1}`, atMs: index }),
    );
    const tree = createSpanTree(spans);
    expect(toVisibleNodes(tree.roots, new Set()).at(-1)?.depth).toBe(19_999);
  });

  it('shows every span exactly once, below its parent, whatever the parents are', () => {
    const id = fc.integer({ min: 0, max: 30 }).map(String);
    const anySpan = fc.record({
      spanId: id,
      parentSpanId: fc.oneof(id, fc.constant(''), fc.constant('lost')),
      atMs: fc.integer({ min: -50, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 60 }), (spans) => {
        const tree = build(...spans);
        const shown = toVisibleNodes(tree.roots, new Set());
        const ids = shown.map((node) => node.span.spanId);
        expect(new Set(ids)).toEqual(new Set(spans.map((span) => span.spanId)));
        expect(ids.length).toBe(new Set(ids).size);
        expect(tree.nodes.size).toBe(ids.length);
        const seen = new Set<SpanNode>();
        for (const node of shown) {
          expect(node.depth).toBe(node.parent ? node.parent.depth + 1 : 0);
          if (node.parent) expect(seen.has(node.parent)).toBe(true);
          expect(node.startMs).toBeGreaterThanOrEqual(0);
          seen.add(node);
        }
        expect([...tree.nodes.keys()].sort()).toEqual(ids.toSorted());
      }),
    );
  });
});

describe('toVisibleNodes', () => {
  it('leaves out everything below a folded span', () => {
    const tree = build(
      { spanId: 'a' },
      { spanId: 'b', parentSpanId: 'a', atMs: 1 },
      { spanId: 'c', parentSpanId: 'b', atMs: 2 },
      { spanId: 'd', parentSpanId: 'a', atMs: 3 },
    );
    expect(outline(toVisibleNodes(tree.roots, new Set(['b'])))).toEqual(['a', '  b', '  d']);
    expect(outline(toVisibleNodes(tree.roots, new Set(['a'])))).toEqual(['a']);
  });
});
