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

/** How much one span may hold; what comes after is counted and dropped. */
export interface SpanLimits {
  readonly attributes: number;
  /** Characters of one string value. */
  readonly attributeLength: number;
  readonly events: number;
  readonly links: number;
}

/** OpenTelemetry's own limits, with a bound on lengths that OpenTelemetry leaves open. */
export const DEFAULT_SPAN_LIMITS: SpanLimits = {
  attributes: 128,
  attributeLength: 4096,
  events: 128,
  links: 128,
};

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
  /** Decides whether a new trace is recorded; a caller's decision is always followed. Default: yes. */
  readonly sample?: (traceId: string) => boolean;
  readonly limits?: SpanLimits;
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
  const startSpan = (name: string, options: SpanOptions = {}, context?: Context): Span => {
    const parent = options.root ? undefined : spanOf(context ?? environment.activeContext())?.spanContext();
    const traceId = parent?.traceId ?? environment.ids.traceId();
    const sampled = parent
      ? (parent.traceFlags & FLAG_SAMPLED) !== 0
      : (environment.sample?.(traceId) ?? true);
    const spanContext: SpanContext = {
      traceId,
      spanId: environment.ids.spanId(),
      traceFlags: parent ? parent.traceFlags : FLAG_RANDOM | (sampled ? FLAG_SAMPLED : 0),
      ...(parent?.traceState && { traceState: parent.traceState }),
    };
    return sampled
      ? createRecordingSpan({ environment, scope, spanContext, parent, name, options })
      : createSilentSpan(spanContext);
  };

  function startActiveSpan(name: string, ...rest: unknown[]): unknown {
    const run = rest[rest.length - 1] as (span: Span) => unknown;
    const [options, context] = rest.slice(0, -1) as [SpanOptions?, Context?];
    const parent = context ?? environment.activeContext();
    const span = startSpan(name, options, parent);
    return environment.runWith(withSpan(parent, span), () => run(span));
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

interface RecordingSpanInit {
  readonly environment: TracerEnvironment;
  readonly scope: Scope;
  readonly spanContext: SpanContext;
  readonly parent: SpanContext | undefined;
  readonly name: string;
  readonly options: SpanOptions;
}

function createRecordingSpan({ environment, scope, spanContext, parent, ...init }: RecordingSpanInit): Span {
  const { clock, onEnd, limits = DEFAULT_SPAN_LIMITS } = environment;
  const own = createAttributeSet(limits);
  const startUnixMs = toUnixMs(init.options.startTime) ?? clock();
  const events: SpanEvent[] = [];
  const links: Link[] = [];
  let { name } = init;
  let droppedEvents = 0;
  let droppedLinks = 0;
  let status: SpanStatus = { code: STATUS_UNSET };
  let ended = false;

  const bounded = (attributes: Attributes | undefined): Attributes => {
    const set = createAttributeSet(limits);
    set.addAll(attributes);
    return set.values;
  };

  const span: Span = {
    spanContext: () => spanContext,
    setAttribute(key, value) {
      if (!ended) own.add(key, value);
      return span;
    },
    setAttributes(attributes) {
      if (!ended) own.addAll(attributes);
      return span;
    },
    addEvent(eventName, attributesOrTime, time) {
      if (ended) return span;
      if (events.length >= limits.events) {
        droppedEvents++;
        return span;
      }
      const isTime = isTimeInput(attributesOrTime);
      const unixMs = toUnixMs(isTime ? attributesOrTime : time) ?? clock();
      const attributes = isTime ? undefined : attributesOrTime;
      events.push({ name: eventName, unixMs, attributes: bounded(attributes) });
      return span;
    },
    addLink(link) {
      if (ended) return span;
      if (links.length < limits.links)
        links.push({ context: link.context, attributes: bounded(link.attributes) });
      else droppedLinks++;
      return span;
    },
    addLinks(more) {
      for (const link of more) span.addLink(link);
      return span;
    },
    setStatus(next) {
      // An `Ok` that the application has set is final (OpenTelemetry, trace API, "Set Status").
      if (!ended && status.code !== 1) status = next.code === STATUS_ERROR ? next : { code: next.code };
      return span;
    },
    updateName(next) {
      if (!ended) name = next;
      return span;
    },
    end(endTime) {
      if (ended) return;
      ended = true;
      onEnd({
        context: spanContext,
        parentSpanId: parent?.spanId ?? '',
        parentIsRemote: parent?.isRemote === true,
        name,
        kind: init.options.kind ?? KIND_INTERNAL,
        startUnixMs,
        endUnixMs: Math.max(startUnixMs, toUnixMs(endTime) ?? clock()),
        attributes: own.values,
        events,
        links,
        status,
        scope,
        droppedAttributes: own.dropped(),
        droppedEvents,
        droppedLinks,
      });
    },
    isRecording: () => !ended,
    recordException(exception, time) {
      span.addEvent('exception', toExceptionAttributes(exception), time);
    },
  };
  own.addAll(init.options.attributes);
  span.addLinks(init.options.links ?? []);
  return span;
}

interface AttributeSet {
  readonly values: Attributes;
  readonly dropped: () => number;
  readonly add: (key: string, value: AttributeValue | undefined) => void;
  readonly addAll: (attributes: Attributes | undefined) => void;
}

function createAttributeSet(limits: SpanLimits): AttributeSet {
  const values: Attributes = Object.create(null) as Attributes;
  let count = 0;
  let dropped = 0;
  const cut = (value: unknown): unknown =>
    typeof value === 'string' ? value.slice(0, limits.attributeLength) : value;
  const add = (key: string, value: AttributeValue | undefined): void => {
    if (value == null || !key) return;
    if (!(key in values) && ++count > limits.attributes) {
      count--;
      dropped++;
      return;
    }
    values[key] = (Array.isArray(value) ? value.map(cut) : cut(value)) as AttributeValue;
  };
  return {
    values,
    dropped: () => dropped,
    add,
    addAll: (attributes) => {
      // Never what a page has put onto the prototype of all objects.
      if (attributes) for (const key of Object.keys(attributes)) add(key, attributes[key]);
    },
  };
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

/** OpenTelemetry's time inputs: seconds with nanoseconds, a date, or Unix milliseconds. */
function toUnixMs(time: TimeInput | undefined): number | undefined {
  if (time == null) return undefined;
  const unixMs = Array.isArray(time) ? time[0] * 1000 + time[1] / 1e6 : +time;
  // One time that is none, and a collector refuses the whole batch.
  return Number.isFinite(unixMs) ? unixMs : undefined;
}
