import { describe, expect, it } from 'vitest';
import { createFirstTraceSnippets } from './firstTraceSnippets.ts';

describe('createFirstTraceSnippets', () => {
  const snippets = createFirstTraceSnippets('http://127.0.0.1:4318/', 1_795_000_000_123.4);

  it('names this collector in each', () => {
    for (const snippet of Object.values(snippets)) {
      expect(snippet).toContain('http://127.0.0.1:4318');
      expect(snippet).not.toContain('4318//');
    }
  });

  it('sends a document by hand that a collector takes', () => {
    const body = /-d '(.*)'$/s.exec(snippets.curl)?.[1] ?? '';
    const span = JSON.parse(body).resourceSpans[0].scopeSpans[0].spans[0];
    expect(span).toMatchObject({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      startTimeUnixNano: '1795000000123000000',
      endTimeUnixNano: '1795000000243000000',
    });
  });
});
