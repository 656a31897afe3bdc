import { createRequestSpans } from '../features/openTelemetry/requestSpans.ts';
import { createSdkTracerProvider } from '../features/openTelemetry/sdkTracerProvider.ts';
import type { Engine, EngineDeps } from './engine.ts';

/** The engine of the OpenTelemetry edition: the SDK for the web, and its instrumentations for the spans of requests. */
export function createOpenTelemetryEngine(deps: EngineDeps): Engine {
  const tracerProvider = createSdkTracerProvider(deps);
  return { tracerProvider, startRequestSpan: createRequestSpans(tracerProvider) };
}
