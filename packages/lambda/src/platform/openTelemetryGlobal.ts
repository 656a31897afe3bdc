import type { ContextManager, TracerProvider } from '@opentelemetry/api';

/** Where the OpenTelemetry API, version 1, keeps what was registered. */
const API_KEY: symbol = Symbol.for('opentelemetry.js.api.1');
/** The version whose shape this is: the API reads it with every 1.x of this minor version or below. */
const API_VERSION = '1.9.1';

interface ApiGlobal {
  version: string;
  trace?: TracerProvider;
  context?: ContextManager;
}

/**
 * Makes ours the tracer provider and context manager that the OpenTelemetry API finds, without importing it; so spans of
 * the function's own code join the trace.
 *
 * Nothing happens where another SDK has registered itself: it keeps its place.
 *
 * @returns whether we are registered
 */
export function registerOpenTelemetry(provider: TracerProvider, contexts: ContextManager): boolean {
  const globals = globalThis as unknown as Record<symbol, ApiGlobal | undefined>;
  const known = globals[API_KEY];
  if (known?.trace || known?.context) return false;
  if (known) Object.assign(known, { trace: provider, context: contexts });
  else globals[API_KEY] = { version: API_VERSION, trace: provider, context: contexts };
  return true;
}
