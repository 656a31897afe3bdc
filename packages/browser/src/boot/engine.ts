import type { Context, Span, SpanOptions, TracerProvider } from '@opentelemetry/api';
import type { IdSource } from '@clickspan/shared/ids';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { PageRequest } from '../features/requests/trackRequests.ts';

/** What makes spans: our own small tracer, or OpenTelemetry's SDK with its instrumentations. */
export interface Engine {
  readonly tracerProvider: TracerProvider;
  /** Makes the span of a request of the page; absent where the agent's own tracer does. */
  readonly startRequestSpan?: StartRequestSpan | undefined;
  /** Takes everything back that making the engine has changed. */
  readonly stop?: (() => void) | undefined;
}

/** Makes the span of a request. Its parent is the span of `context`, unless `options.root` says otherwise. */
export type StartRequestSpan = (
  request: PageRequest,
  name: string,
  options: SpanOptions,
  context: Context,
) => Span;

/** What an engine is given. */
export interface EngineDeps {
  readonly window: Window & typeof globalThis;
  readonly ids: IdSource;
  /** Unix ms with fractions. */
  readonly now: () => number;
  readonly activeContext: () => Context;
  readonly runWith: <T>(context: Context, run: () => T) => T;
  /** Decides whether a new trace is recorded. */
  readonly sample: (traceId: string) => boolean;
  readonly onEnd: (span: EndedSpan) => void;
}

/** Makes the engine of an edition. */
export type CreateEngine = (deps: EngineDeps) => Engine;
