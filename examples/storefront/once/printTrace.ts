import { isA } from './chain.ts';
import type { Span } from './consoleApi.ts';

/**
 * Draws a trace as a tree for people: names, services, durations; cold starts and errors marked.
 *
 * @param traceId of the trace
 * @param spans all of its spans
 */
export function drawTrace(traceId: string, spans: readonly Span[]): string {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const roots = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId));
  const rows = roots.flatMap((root) => drawSpan(root, spans, '', ''));
  const width = Math.max(...rows.map(({ label }) => label.length));
  const services = Math.max(...rows.map(({ span }) => span.service.length));
  const lines = rows.map(({ label, span }) => {
    const duration = `${span.durationMs.toFixed(0)} ms`.padStart(8);
    return `  ${label.padEnd(width)}  ${span.service.padEnd(services)} ${duration}${marks(span)}`.trimEnd();
  });
  return [`trace ${traceId}`, ...lines].join('\n');
}

interface Row {
  readonly label: string;
  readonly span: Span;
}

function drawSpan(span: Span, spans: readonly Span[], first: string, rest: string): Row[] {
  const children = spans
    .filter(({ parentSpanId }) => parentSpanId === span.spanId)
    .toSorted((a, b) => (BigInt(a.startUnixNano) < BigInt(b.startUnixNano) ? -1 : 1));
  return [
    { label: first + span.name, span },
    ...children.flatMap((child, at) => {
      const last = at === children.length - 1;
      return drawSpan(child, spans, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`);
    }),
  ];
}

function marks(span: Span): string {
  const cold = isA(span, 'init') || span.attributes['faas.coldstart'] === 'true';
  const error = span.status.code === 'Error';
  return `${cold ? '   cold' : ''}${error ? `   error ${span.status.message}`.trimEnd() : ''}`;
}
