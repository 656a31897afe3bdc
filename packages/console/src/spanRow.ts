import type { SpanKind, StatusCode } from './api/types.ts';

/** Attributes as text: key, value, key, value … Each key once. */
export type FlatAttributes = readonly string[];

/** A span that has been checked and may be stored. */
export interface SpanRow {
  /** 32 and 16 lowercase hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startUnixNano: bigint;
  readonly durationNano: bigint;
  readonly statusCode: StatusCode;
  readonly statusMessage: string;
  readonly attributes: FlatAttributes;
  readonly events: readonly EventRow[];
  readonly links: readonly LinkRow[];
}

/** An event of a span. */
export interface EventRow {
  readonly unixNano: bigint;
  readonly name: string;
  readonly attributes: FlatAttributes;
}

/** A link of a span. */
export interface LinkRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: FlatAttributes;
}

/** Spans that share their resource and their scope, as OTLP sends them. */
export interface SpanGroup {
  readonly service: string;
  readonly resource: FlatAttributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly spans: readonly SpanRow[];
}
