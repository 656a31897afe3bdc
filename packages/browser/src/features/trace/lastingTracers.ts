import type { Tracer, TracerProvider } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { createTracerProvider } from '@clickspan/shared/tracer';

/** Gives spans that are never recorded and name no trace. */
const SILENT: TracerProvider = createTracerProvider({
  clock: () => 0,
  ids: { traceId: () => '0'.repeat(32), spanId: () => '0'.repeat(16) },
  activeContext: () => ROOT_CONTEXT,
  runWith: (_context, run) => run(),
  sample: () => false,
  onEnd: () => {},
});

/**
 * Makes tracers that may be kept: each span comes from the agent that runs when it starts, if one does.
 *
 * @param get the provider of the agent that runs
 */
export function createLastingTracers(get: () => TracerProvider | undefined): TracerProvider {
  return {
    getTracer(...scope) {
      const tracer = (): Tracer => (get() ?? SILENT).getTracer(...scope);
      return {
        startSpan: (...args) => tracer().startSpan(...args),
        startActiveSpan: (...args: unknown[]) =>
          tracer().startActiveSpan(...(args as Parameters<Tracer['startActiveSpan']>)),
      };
    },
  };
}
