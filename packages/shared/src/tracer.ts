import type {
  Attributes,
  AttributeValue,
  Context,
  Link,
  Span,
  SpanContext,
  SpanKind,
  SpanOptions,
  SpanStatus,
  TimeInput,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api';
import { spanOf, withSpan } from './context.ts';
import type { IdSource } from './ids.ts';
import { FLAG_RANDOM, FLAG_SAMPLED } from './traceContext.ts';

// The OpenTelemetry API's enums, whose types alone we import.
export const KIND_INTERNAL: SpanKind = 0;
export const KIND_SERVER: SpanKind = 1;
export const KIND_CLIENT: SpanKind = 2;
export const KIND_PRODUCER: SpanKind = 3;
export const KIND_CONSUMER: SpanKind = 4;
export const STATUS_UNSET = 0;
export const STATUS_ERROR = 2;

/** The instrumentation scope that made a span. */
export interface Scope {
  readonly name: string;
  readonly version: string;
}

/** A point in time within a span. */
export interface SpanEvent {
  readonly name: string;
  readonly unixMs: number;
  readonly attributes: Attributes;
}

/** A finished span, as the encoder takes it. Times are Unix milliseconds with fractions. */
export interface EndedSpan {
  readonly context: SpanContext;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly parentIsRemote: boolean;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly Link[];
  readonly status: SpanStatus;
  readonly scope: Scope;
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  readonly droppedLinks: number;
}

/** How many attributes, events or links one span may hold, as in OpenTelemetry; what comes after is counted and dropped. */
const MAX_ITEMS = 128;
/** Characters of one string value; OpenTelemetry leaves that open. */
const MAX_VALUE_LENGTH = 4096;

/** What the tracer needs of its surroundings. */
export interface TracerEnvironment {
  /** The time now, as Unix milliseconds with fractions. */
  readonly clock: () => number;
  readonly ids: IdSource;
  /** The context that is current where a caller names none. */
  readonly activeContext: () => Context;
  /** Runs a function with a context current; what it returns is returned. */
  readonly runWith: <T>(context: Context, run: () => T) => T;
  /** Called once for every recorded span, when it ends. */
  readonly onEnd: (span: EndedSpan) => void;
  /** Describes what `recordException` is given, as attributes. */
  readonly describe: (exception: unknown) => Attributes;
  /** Decides whether a new trace is recorded; a caller's decision is always followed. Default: yes. */
  readonly sample?: (traceId: string) => boolean;
  /** Whether a span that is not sampled is recorded all the same; `onEnd` decides what becomes of it. Default: no. */
  readonly record?: (context: SpanContext) => boolean;
}

/**
 * The small tracer: implements the OpenTelemetry API's `TracerProvider`, so it can be registered as the global one.
 *
 * New traces get the flags `sampled` (by `sample`) and `random`; a child keeps its parent's trace id, flags and
 * `tracestate`. An unsampled span has a context to hand on and records nothing.
 */
export function createTracerProvider(environment: TracerEnvironment): TracerProvider {
  return { getTracer: (name, version = '') => createTracer(environment, { name, version }) };
}

function createTracer(environment: TracerEnvironment, scope: Scope): Tracer {
  const { ids, activeContext, runWith, sample } = environment;
  const startSpan = (name: string, options: SpanOptions = {}, context = activeContext()): Span => {
    const parent = options.root ? undefined : spanOf(context)?.spanContext();
    const traceId = parent?.traceId ?? ids.traceId();
    const spanContext: SpanContext = {
      traceId,
      spanId: ids.spanId(),
      traceFlags: parent ? parent.traceFlags : FLAG_RANDOM | (!sample || sample(traceId) ? FLAG_SAMPLED : 0),
      ...(parent?.traceState && { traceState: parent.traceState }),
    };
    return new RecordingSpan({ environment, scope, spanContext, parent, name, options });
  };

  function startActiveSpan(name: string, ...rest: unknown[]): unknown {
    const run = rest.pop() as (span: Span) => unknown;
    const [options, context = activeContext()] = rest as [SpanOptions?, Context?];
    const span = startSpan(name, options, context);
    return runWith(withSpan(context, span), () => run(span));
  }

  return { startSpan, startActiveSpan: startActiveSpan };
}

/**
 * A span that only hands its context on: for a remote parent, or where nothing is recorded.
 *
 * @param spanContext what `spanContext()` gives
 */
export function createSilentSpan(spanContext: SpanContext): Span {
  const span: Span = {
    spanContext: () => spanContext,
    setAttribute: () => span,
    setAttributes: () => span,
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    setStatus: () => span,
    updateName: () => span,
    end: () => {},
    isRecording: () => false,
    recordException: () => {},
  };
  return span;
}

/** What a recording span is made of. */
interface RecordingSpanInit {
  readonly environment: TracerEnvironment;
  readonly scope: Scope;
  readonly spanContext: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly name: string;
  readonly options: SpanOptions;
}

/**
 * A span that records; one that is not sampled is born ended, and so only hands its context on. A class, since pages and functions make thousands: a closure for each method would cost each of
 * them more than what it records. Ended, it is what the encoder takes.
 */
class RecordingSpan implements Span, EndedSpan {
  declare readonly context: SpanContext;
  declare readonly parentSpanId: string;
  declare readonly parentIsRemote: boolean;
  declare readonly kind: SpanKind;
  declare readonly startUnixMs: number;
  declare readonly scope: Scope;
  readonly attributes: Attributes = emptyAttributes();
  readonly events: SpanEvent[] = [];
  readonly links: Link[] = [];
  declare name: string;
  status: SpanStatus = { code: STATUS_UNSET };
  /** 0 while the span is open. */
  declare endUnixMs: number;
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  declare private readonly environment: TracerEnvironment;
  private count = 0;

  constructor({ environment, scope, spanContext, parent, name, options }: RecordingSpanInit) {
    this.endUnixMs = +!(spanContext.traceFlags & FLAG_SAMPLED || environment.record?.(spanContext));
    this.environment = environment;
    this.scope = scope;
    this.context = spanContext;
    this.parentSpanId = parent?.spanId ?? '';
    this.parentIsRemote = !!parent?.isRemote;
    this.name = name;
    this.kind = options.kind ?? KIND_INTERNAL;
    this.startUnixMs = this.toUnixMs(options.startTime);
    this.setAttributes(options.attributes ?? {});
    this.addLinks(options.links ?? []);
  }

  spanContext(): SpanContext {
    return this.context;
  }

  isRecording(): boolean {
    return !this.endUnixMs;
  }

  setAttribute(key: string, value: AttributeValue | undefined): this {
    if (this.endUnixMs || value == null || !key) return this;
    if (key in this.attributes || this.count++ < MAX_ITEMS) this.attributes[key] = toBounded(value);
    else this.droppedAttributes++;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    // Never what a page has put onto the prototype of all objects.
    for (const key of Object.keys(attributes)) this.setAttribute(key, attributes[key]);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.endUnixMs) return this;
    if (this.events.length < MAX_ITEMS) {
      const isTime = isTimeInput(attributesOrTime);
      this.events.push({
        name,
        unixMs: this.toUnixMs(isTime ? attributesOrTime : time),
        attributes: toBoundedAttributes(isTime ? {} : attributesOrTime),
      });
    } else this.droppedEvents++;
    return this;
  }

  addLink({ context, attributes }: Link): this {
    if (this.endUnixMs) return this;
    if (this.links.length < MAX_ITEMS) {
      this.links.push({ context, attributes: toBoundedAttributes(attributes) });
    } else this.droppedLinks++;
    return this;
  }

  addLinks(links: readonly Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    // An `Ok` that the application has set is final (OpenTelemetry, trace API, "Set Status").
    if (!this.endUnixMs && this.status.code !== 1) {
      this.status = status.code === STATUS_ERROR ? status : { code: status.code };
    }
    return this;
  }

  updateName(name: string): this {
    if (!this.endUnixMs) this.name = name;
    return this;
  }

  recordException(exception: unknown, time?: TimeInput): void {
    this.addEvent('exception', this.environment.describe(exception), time);
  }

  end(time?: TimeInput): void {
    if (this.endUnixMs) return;
    this.endUnixMs = Math.max(this.startUnixMs, this.toUnixMs(time)) || 1;
    this.environment.onEnd(this);
  }

  /** OpenTelemetry's time inputs: seconds with nanoseconds, a date, or Unix milliseconds; without one it is now. */
  private toUnixMs(time: TimeInput | undefined): number {
    const unixMs = Array.isArray(time) ? time[0] * 1000 + time[1] / 1e6 : Number(time ?? NaN);
    // One time that is none, and a collector refuses the whole batch.
    return isFinite(unixMs) ? unixMs : this.environment.clock();
  }
}

/** Without a prototype, so that no name is there before it is set. */
function emptyAttributes(): Attributes {
  return Object.create(null) as Attributes;
}

function toBoundedAttributes(attributes: Attributes = {}): Attributes {
  const bounded = emptyAttributes();
  for (const [key, value] of Object.entries(attributes).slice(0, MAX_ITEMS)) {
    if (key && value != null) bounded[key] = toBounded(value);
  }
  return bounded;
}

function toBounded(value: AttributeValue): AttributeValue {
  const cut = (item: unknown): unknown => (typeof item === 'string' ? item.slice(0, MAX_VALUE_LENGTH) : item);
  return (Array.isArray(value) ? value.map(cut) : cut(value)) as AttributeValue;
}

/**
 * The attributes of an exception, by the semantic conventions.
 *
 * @param exception anything that was thrown
 */
export function toExceptionAttributes(exception: unknown): Attributes {
  if (typeof exception !== 'object' || exception === null) return { 'exception.message': String(exception) };
  const { name, code, message, stack } = exception as Record<string, unknown>;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    'exception.type': text(name) ?? (code === undefined ? undefined : String(code)),
    'exception.message': text(message),
    'exception.stacktrace': text(stack),
  };
}

function isTimeInput(value: unknown): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || Array.isArray(value);
}
