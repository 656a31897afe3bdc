import { describe, expect, it } from 'vitest';
import { createFixtureSpan } from './spanFixture.ts';
import type { FixtureSpan } from './spanFixture.ts';
import { toSpanNotes } from './spanNotes.ts';
import { createTraceView } from './traceView.ts';

const notesOf = (spanId: string, ...spans: readonly FixtureSpan[]) => {
  const trace = createTraceView({ traceId: 't', truncated: false, spans: spans.map(createFixtureSpan) });
  return toSpanNotes(trace, trace.views.get(spanId)!).map((note) => note.text);
};

describe('toSpanNotes', () => {
  it('says nothing about an ordinary span', () => {
    expect(notesOf('a', { spanId: 'a' })).toEqual([]);
  });

  it('gives the error before all else', () => {
    const broken: FixtureSpan = {
      spanId: 'a',
      parentSpanId: 'lost',
      status: { code: 'Error', message: 'out of stock' },
    };
    expect(notesOf('a', broken)).toEqual(['out of stock', expect.stringContaining('has not arrived')]);
  });

  it('tells how long a caller waited, on the cold span and above it', () => {
    const spans: readonly FixtureSpan[] = [
      { spanId: 'a', kind: 'Client', durationMs: 500 },
      {
        spanId: 'i',
        parentSpanId: 'a',
        service: 'f',
        durationMs: 430,
        attributes: { 'clickspan.span.type': 'init' },
      },
      { spanId: 'f', parentSpanId: 'a', service: 'f', atMs: 430, attributes: { 'faas.coldstart': 'true' } },
    ];
    expect(notesOf('f', ...spans)).toEqual([expect.stringContaining('430\u00a0ms')]);
    expect(notesOf('a', ...spans)).toEqual([expect.stringContaining('cold start')]);
  });

  it('tells which way a span was moved', () => {
    const spans: readonly FixtureSpan[] = [
      { spanId: 'a', kind: 'Client', durationMs: 100 },
      { spanId: 'b', parentSpanId: 'a', kind: 'Server', service: 'f', atMs: -60, durationMs: 20 },
    ];
    expect(notesOf('b', ...spans)).toEqual([expect.stringContaining('100\u00a0ms later')]);
  });
});
