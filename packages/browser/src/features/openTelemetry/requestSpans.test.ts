// @vitest-environment jsdom
import { createIdSource } from '@clickspan/shared/ids';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import type { EndedSpan } from '@clickspan/shared/tracer';
import { describe, expect, it, vi } from 'vitest';
import { createSdkTracerProvider } from './sdkTracerProvider.ts';

describe('createRequestSpans', () => {
  it.each<['fetch' | 'xhr', string]>([
    ['fetch', '@opentelemetry/instrumentation-fetch'],
    ['xhr', '@opentelemetry/instrumentation-xml-http-request'],
  ])('lets the instrumentation of %s make the span, and touch nothing', async (via, scope) => {
    class PerformanceObserver {
      observe = observed;
    }
    const observed = vi.fn();
    vi.stubGlobal('PerformanceObserver', PerformanceObserver);
    const { createRequestSpans } = await import('./requestSpans.ts');
    const pageFetch = vi.fn();
    vi.stubGlobal('fetch', pageFetch);
    const open = Object.getOwnPropertyDescriptor(XMLHttpRequest.prototype, 'open');
    const ended: EndedSpan[] = [];
    const provider = createSdkTracerProvider({
      now: () => 1_700_000_000_000,
      ids: createIdSource((bytes) => crypto.getRandomValues(bytes)),
      activeContext: () => ROOT_CONTEXT,
      runWith: (_context, run) => run(),
      sample: () => true,
      onEnd: (span) => void ended.push(span),
    });
    const startRequestSpan = createRequestSpans(provider);
    const action = provider.getTracer('t').startSpan('click');
    const link = { context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } };
    const span = startRequestSpan(
      { method: 'POST', via },
      'POST',
      {
        kind: 2,
        startTime: 1_700_000_000_000.5,
        attributes: { 'url.full': 'https://api.example/orders?id=*', 'clickspan.span.type': 'request' },
        links: [link],
      },
      withSpan(ROOT_CONTEXT, action),
    );
    span.end(1_700_000_000_003);
    expect(ended[0]).toMatchObject({
      name: 'POST',
      kind: 2,
      parentSpanId: action.spanContext().spanId,
      scope: { name: scope },
      links: [link],
      events: [],
      attributes: {
        'clickspan.span.type': 'request',
        'http.request.method': 'POST',
        'url.full': 'https://api.example/orders?id=*',
      },
    });
    expect(ended[0]!.startUnixMs).toBeCloseTo(1_700_000_000_000.5, 2);
    expect(window.fetch).toBe(pageFetch);
    expect(Object.getOwnPropertyDescriptor(XMLHttpRequest.prototype, 'open')).toEqual(open);
    expect(pageFetch).not.toHaveBeenCalled();
    expect(observed).not.toHaveBeenCalled();
    vi.unstubAllGlobals();
  });
});
