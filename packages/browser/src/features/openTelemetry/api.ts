import type { Context, Span, SpanContext } from '@opentelemetry/api';
import { ROOT_CONTEXT, spanOf, withSpan } from '@clickspan/shared/context';
import { createSilentSpan } from '@clickspan/shared/tracer';

// What the SDK and the instrumentations use of `@opentelemetry/api`, for the bundled script, where it stands in the place of
// that package. Nothing here is global: the agent hands over context, time and tracers itself, and no propagator, meter or
// logger that the page has registered is called from within the agent.

/** Who calls them are compiled packages, which no type reaches. */
type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

const TRACE_ID = /^(?!0+$)[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0+$)[0-9a-f]{16}$/;

export const INVALID_SPAN_CONTEXT: SpanContext = {
  traceId: '0'.repeat(32),
  spanId: '0'.repeat(16),
  traceFlags: 0,
};
export const SpanKind: Readonly<Record<string, number>> = { INTERNAL: 0, CLIENT: 2 };
export const SpanStatusCode: Readonly<Record<string, number>> = { UNSET: 0, OK: 1, ERROR: 2 };
export const TraceFlags: Readonly<Record<string, number>> = { NONE: 0, SAMPLED: 1 };
export const SamplingDecision: Readonly<Record<string, number>> = {
  NOT_RECORD: 0,
  RECORD: 1,
  RECORD_AND_SAMPLED: 2,
};

export const trace: Functions = {
  getSpan: (context: Context): Span | undefined => spanOf(context),
  setSpan: (context: Context, span: Span): Context => withSpan(context, span),
  deleteSpan: (context: Context): Context => withSpan(context, undefined as unknown as Span),
  wrapSpanContext: (spanContext: SpanContext): Span => createSilentSpan(spanContext),
  isSpanContextValid: ({ traceId, spanId }: SpanContext): boolean =>
    TRACE_ID.test(traceId) && SPAN_ID.test(spanId),
  // Instrumentations ask for it before they are given ours.
  getTracer: (): undefined => undefined,
};

export const context: Functions = {
  active: (): Context => ROOT_CONTEXT,
  with: <T>(_context: Context, run: () => T): T => run(),
};

const nothing = (): void => {};
export const diag: Functions = {
  createComponentLogger: () => diag,
  debug: nothing,
  warn: nothing,
  error: nothing,
};
export const propagation: Functions = { inject: nothing };
export const metrics: Functions = { getMeter: nothing };
export const createContextKey = (description: string): symbol => Symbol(description);
export const createNoopMeter: () => void = nothing;
