import type { Tracer, TracerProvider } from '@opentelemetry/api';
import { createSilentSpan } from '@clickspan/shared/tracer';

/** Is never recorded and names no trace. */
const SILENT = createSilentSpan({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 });

/**
 * Makes tracers that may be kept: each span comes from the agent that runs when it starts, if one does.
 *
 * @param get the provider of the agent that runs
 */
export function createLastingTracers(get: () => TracerProvider | undefined): TracerProvider {
  return {
    getTracer(...scope) {
      const tracer = (): Tracer | undefined => get()?.getTracer(...scope);
      return {
        startSpan: (...args) => tracer()?.startSpan(...args) ?? SILENT,
        startActiveSpan(...args: unknown[]) {
          const running = tracer();
          return running
            ? running.startActiveSpan(...(args as Parameters<Tracer['startActiveSpan']>))
            : (args.pop() as (span: typeof SILENT) => unknown)(SILENT);
        },
      };
    },
  };
}
