import type { Context, Span, SpanContext, SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api';
import { WebTracerProvider, type Sampler, type SpanProcessor } from '@opentelemetry/sdk-trace-web';
import { spanOf, withSpan } from '@clickspan/shared/context';
import type { IdSource } from '@clickspan/shared/ids';
import { FLAG_RANDOM, FLAG_SAMPLED } from '@clickspan/shared/traceContext';
import type { EndedSpan } from '@clickspan/shared/tracer';
import { toEndedSpan } from './endedSpan.ts';

/** What the SDK is given in place of its own parts. */
export interface SdkDeps {
  /** Unix ms with fractions. */
  readonly now: () => number;
  readonly ids: IdSource;
  readonly activeContext: () => Context;
  readonly runWith: <T>(context: Context, run: () => T) => T;
  readonly sample: (traceId: string) => boolean;
  readonly onEnd: (span: EndedSpan) => void;
}

/** The SDK leaves the length of values open. */
const MAX_VALUE_LENGTH = 4096;
const NOT_RECORD = 0;
const RECORD_AND_SAMPLED = 2;

/**
 * The tracer provider of OpenTelemetry's SDK for the web, with our context, ids, clock, sampling and processor. Nothing is
 * registered anywhere.
 */
export function createSdkTracerProvider(deps: SdkDeps): TracerProvider {
  const { ids, sample, onEnd } = deps;
  const sampler: Sampler = {
    shouldSample(context, traceId) {
      const parent = spanOf(context)?.spanContext();
      const isSampled = parent ? (parent.traceFlags & FLAG_SAMPLED) !== 0 : sample(traceId);
      return { decision: isSampled ? RECORD_AND_SAMPLED : NOT_RECORD };
    },
    toString: () => 'clickspan',
  };
  const processor: SpanProcessor = {
    onStart() {},
    onEnd: (span) => onEnd(toEndedSpan(span)),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new WebTracerProvider({
    // The exporter tells what the page is; the SDK's own description is not used.
    resource: NO_RESOURCE,
    sampler,
    idGenerator: { generateTraceId: () => ids.traceId(), generateSpanId: () => ids.spanId() },
    spanLimits: { attributeValueLengthLimit: MAX_VALUE_LENGTH },
    spanProcessors: [processor],
  });
  return {
    getTracer: (name, version, options) => toTracer(provider.getTracer(name, version, options), deps),
  };
}

type Resource = NonNullable<NonNullable<ConstructorParameters<typeof WebTracerProvider>[0]>['resource']>;
const NO_RESOURCE: Resource = {
  attributes: {},
  merge: () => NO_RESOURCE,
  getRawAttributes: () => [],
};

/** A tracer of the SDK that knows the current context and the time from us and not from what is registered globally. */
function toTracer(tracer: Tracer, { activeContext, runWith, now }: SdkDeps): Tracer {
  const startSpan = (name: string, options: SpanOptions = {}, context = activeContext()): Span => {
    const parent = options.root ? undefined : spanOf(context)?.spanContext();
    const span = tracer.startSpan(name, { ...options, startTime: options.startTime ?? now() }, context);
    // The SDK knows no flag but `sampled`, and would drop that the trace id is random.
    const spanContext: { -readonly [K in keyof SpanContext]: SpanContext[K] } = span.spanContext();
    spanContext.traceFlags |= parent ? parent.traceFlags & FLAG_RANDOM : FLAG_RANDOM;
    if (span.isRecording()) endOnce(span, now);
    return span;
  };

  function startActiveSpan(name: string, ...rest: unknown[]): unknown {
    const run = rest[rest.length - 1] as (span: Span) => unknown;
    const [options, context = activeContext()] = rest.slice(0, -1) as [SpanOptions?, Context?];
    const span = startSpan(name, options, context);
    return runWith(withSpan(context, span), () => run(span));
  }

  return { startSpan, startActiveSpan };
}

/** By our clock, where the SDK would take whole milliseconds; and quietly once, where it would log a second call. */
function endOnce(span: Span, now: () => number): void {
  const end = span.end.bind(span);
  span.end = (time = now()) => {
    if (span.isRecording()) end(time);
  };
}
