import { randomBytes } from 'node:crypto';

/** A span for a test, in a few words. */
export interface TestSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly service?: string;
  /** OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind?: number;
  readonly startUnixMs?: number;
  readonly durationMs?: number;
  readonly error?: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

export const newTraceId = (): string => randomBytes(16).toString('hex');
export const newSpanId = (): string => randomBytes(8).toString('hex');

/** Writes an OTLP/JSON `ExportTraceServiceRequest`; what a span leaves out is made up. */
export function toTraceRequest(spans: readonly TestSpan[]): string {
  return JSON.stringify({
    resourceSpans: spans.map((span) => ({
      resource: { attributes: toAttributes({ 'service.name': span.service ?? 'test' }) },
      scopeSpans: [{ scope: { name: 'test', version: '1.0.0' }, spans: [toOtlpSpan(span)] }],
    })),
  });
}

/** Sends spans to a collector and gives its answer. */
export function sendSpans(collectorUrl: string, spans: readonly TestSpan[]): Promise<Response> {
  return fetch(`${collectorUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: toTraceRequest(spans),
  });
}

function toOtlpSpan(span: TestSpan): unknown {
  const startUnixMs = span.startUnixMs ?? Date.now();
  return {
    traceId: span.traceId ?? newTraceId(),
    spanId: span.spanId ?? newSpanId(),
    parentSpanId: span.parentSpanId ?? '',
    name: span.name ?? 'test span',
    kind: span.kind ?? 1,
    startTimeUnixNano: toNano(startUnixMs),
    endTimeUnixNano: toNano(startUnixMs + (span.durationMs ?? 10)),
    attributes: toAttributes(span.attributes ?? {}),
    status: span.error === undefined ? {} : { code: 2, message: span.error },
  };
}

function toNano(unixMs: number): string {
  return String(BigInt(Math.round(unixMs * 1_000)) * 1_000n);
}

function toAttributes(attributes: Readonly<Record<string, string | number | boolean>>): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : { doubleValue: value },
  }));
}
