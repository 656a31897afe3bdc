import type { Context, Span, SpanOptions, TracerProvider } from '@opentelemetry/api';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { XMLHttpRequestInstrumentation } from '@opentelemetry/instrumentation-xml-http-request';
import { URL_FULL } from '@clickspan/shared/attributes';
import { createSilentSpan } from '@clickspan/shared/tracer';
import { VERSION } from '../../version.ts';

/** A request, as far as its span is concerned. */
export interface SpannedRequest {
  readonly method: string;
  /** Which instrumentation makes the span; none does for other ways to make a request. */
  readonly via?: 'fetch' | 'xhr';
}

/** Makes the span of a request; see `StartRequestSpan` of the engine. */
export type StartSpannedRequest = (
  request: SpannedRequest,
  name: string,
  options: SpanOptions,
  context: Context,
) => Span;

/**
 * Lets OpenTelemetry's instrumentations of `fetch` and XHR make the spans of requests, and nothing else. They never see a
 * request of the page: each is shown to them by a shadow call, with the masked address, which goes nowhere. So what they do
 * to real requests they do not do (ADR 0005): write into the caller's options, clone and read the answer, overwrite
 * headers, hold the span back for 300 ms, observe all resource timings for each call.
 */
export function createRequestSpans(provider: TracerProvider): StartSpannedRequest {
  const tracer = provider.getTracer('@clickspan/browser', VERSION);
  let wanted: { readonly name: string; readonly options: SpanOptions; readonly context: Context } | undefined;
  let made: Span | undefined;
  const shadowProvider: TracerProvider = {
    getTracer(scopeName, version) {
      const scoped = provider.getTracer(scopeName, version);
      return {
        ...scoped,
        startSpan(ownName, own = {}) {
          const { name = ownName, options, context } = wanted ?? {};
          const attributes = { ...own.attributes, ...options?.attributes };
          made = scoped.startSpan(name, { ...own, ...options, attributes }, context);
          // What they do with it later is ours to do.
          return createSilentSpan(made.spanContext());
        },
      };
    },
  };
  const callFetch = takeWrapper(FetchInstrumentation, 'fetch', shadowProvider);
  const callOpen = takeWrapper(XMLHttpRequestInstrumentation, 'open', shadowProvider);

  return ({ method, via }, name, options, context) => {
    const url = options.attributes?.[URL_FULL];
    wanted = { name, options, context };
    made = undefined;
    try {
      if (via === 'xhr') callOpen?.call({}, method, url);
      else if (via) callFetch?.call(undefined, url, { method });
      return made ?? tracer.startSpan(name, options, context);
    } finally {
      wanted = made = undefined;
    }
  };
}

type Wrapper = (this: unknown, ...args: unknown[]) => unknown;

/** The parts of an instrumentation that are used; what is not public is held by the pinned version and by tests. */
interface Instrumentation {
  setTracerProvider(provider: TracerProvider): void;
  enable(): void;
  _wrap: (owner: object, name: string, wrap: (original: Wrapper) => Wrapper) => void;
  _prepareSpanData?: () => object;
  _addHeaders?: () => void;
}

/**
 * Takes what an instrumentation would put in the place of a function of the page.
 *
 * @returns `undefined` where it puts nothing there
 */
function takeWrapper(
  Instrumentation: new (config: object) => unknown,
  functionName: string,
  provider: TracerProvider,
): Wrapper | undefined {
  let taken: Wrapper | undefined;
  const instrumentation = new Instrumentation({
    enabled: false,
    ignoreNetworkEvents: true,
  }) as Instrumentation;
  instrumentation.setTracerProvider(provider);
  instrumentation._wrap = (_owner, name, wrap) => {
    if (name === functionName) taken = wrap(goNowhere);
  };
  // An observer of all resource timings for each call, never taken back where the call has no answer.
  instrumentation._prepareSpanData = () => ({});
  // Propagation is the agent's.
  instrumentation._addHeaders = () => {};
  instrumentation.enable();
  return taken;
}

/** In the place of the real function. What it gives never comes to an end, and is no promise that an action would wait for. */
function goNowhere(): { then: () => void } {
  // oxlint-disable-next-line unicorn/no-thenable -- the instrumentation calls it, nobody awaits it
  return { then: () => {} };
}
