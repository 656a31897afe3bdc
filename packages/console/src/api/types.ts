/**
 * The query API's documents, as the console's listener sends them and the web pages read them.
 * Types only: nothing here runs, so that the pages may import it too.
 */

/** The five kinds of span, spelt as OpenTelemetry's ClickHouse exporter stores them. */
export type SpanKind = 'Internal' | 'Server' | 'Client' | 'Producer' | 'Consumer';

/** How a span ended. */
export type StatusCode = 'Unset' | 'Ok' | 'Error';

/** One row of the trace list. It grows while spans of its trace still arrive. */
export interface TraceSummary {
  /** 32 lowercase hex digits. */
  readonly traceId: string;
  /** Name of the root span; while the root has not arrived, of the earliest span. */
  readonly rootName: string;
  /** Service of the same span. */
  readonly rootService: string;
  /** Has the root span (the one without a parent) arrived? */
  readonly rootSeen: boolean;
  /** Start of the earliest span: unix nanoseconds as a decimal string. */
  readonly startUnixNano: string;
  /** From the earliest start to the latest end. */
  readonly durationMs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Invocations that were cold starts. */
  readonly coldStartCount: number;
  /** The services of the trace, sorted by name; of more than 50 any 50. */
  readonly services: readonly string[];
}

/** `GET /api/traces`: newest first. */
export interface TraceList {
  readonly traces: readonly TraceSummary[];
  /** Hand this to `before` to read on; absent when the list has ended. */
  readonly nextBefore?: string;
}

/** Another span that this span points at. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Something that happened at one moment within a span. */
export interface SpanEvent {
  readonly name: string;
  /** Unix nanoseconds as a decimal string. */
  readonly unixNano: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** One span with everything that is known about it. */
export interface Span {
  /** 16 lowercase hex digits. */
  readonly spanId: string;
  /** Empty for a root span. The parent may be missing from the trace, when it was never sent. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly service: string;
  /** Unix nanoseconds as a decimal string. */
  readonly startUnixNano: string;
  readonly durationMs: number;
  readonly status: { readonly code: StatusCode; readonly message: string };
  readonly links: readonly SpanLink[];
  /** Values as text: numbers and booleans in their JSON spelling, arrays and maps as JSON. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly SpanEvent[];
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: { readonly name: string; readonly version: string };
}

/** `GET /api/traces/<traceId>`: spans by start time, each span id once. */
export interface Trace {
  readonly traceId: string;
  readonly spans: readonly Span[];
  /** True when the trace holds more spans than the API hands out at once. */
  readonly truncated: boolean;
}

/** What `GET /api/traces` may be asked for, as query parameters of the same names. */
export interface TraceQuery {
  /** 1 to 500; 50 unless given. */
  readonly limit?: number;
  /** Only traces that began before this moment, unix nanoseconds as a decimal string; or the `nextBefore` of a list. */
  readonly before?: string;
  /** Only traces that pass through this service. */
  readonly service?: string;
  /** `true`: only traces that contain a cold start. */
  readonly cold?: boolean;
  /** `true`: only traces that contain an error. */
  readonly error?: boolean;
  readonly minDurationMs?: number;
  /** Text that the root's name contains, whatever its case. */
  readonly q?: string;
}

/** One row of `GET /api/services`. */
export interface ServiceSummary {
  readonly service: string;
  /** Start of its newest span: unix nanoseconds as a decimal string. */
  readonly lastSeenUnixNano: string;
}

/** `GET /api/services`: every service seen within the last 24 hours, by name. */
export interface ServiceList {
  readonly services: readonly ServiceSummary[];
}

/** `data` of an `event: traces` of `GET /api/live`: these traces have new spans in the store. */
export interface LiveTraces {
  readonly traceIds: readonly string[];
  /** True when more traces were touched than are listed; read the list again. */
  readonly more: boolean;
}

/** `GET /api/health`: 200 when the engine answers, else 503. */
export interface Health {
  readonly status: 'ok' | 'starting' | 'unavailable';
  readonly engine: 'embedded' | 'external';
  /** The collector's address, for pages that explain how to send a first trace. */
  readonly collectorUrl: string;
}

/** Body of every answer of the query API with a status of 400 or more. */
export interface ApiError {
  readonly error: { readonly code: string; readonly message: string };
}
