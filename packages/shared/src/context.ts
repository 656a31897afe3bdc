import type { Context, Span } from '@opentelemetry/api';

/** The key under which the OpenTelemetry API keeps the current span, so that its own functions find ours. */
const SPAN_KEY: symbol = Symbol.for('OpenTelemetry Context Key SPAN');

/** A context without values. */
export const ROOT_CONTEXT: Context = createContext(new Map());

function createContext(values: ReadonlyMap<symbol, unknown>): Context {
  return {
    getValue: (key) => values.get(key),
    setValue: (key, value) => createContext(new Map(values).set(key, value)),
    deleteValue: (key) => createContext(new Map(values).set(key, undefined)),
  };
}

/**
 * A context in which a span is current, as `trace.setSpan` of the OpenTelemetry API makes it.
 *
 * @param context the context to extend; it stays as it is
 */
export function withSpan(context: Context, span: Span): Context {
  return context.setValue(SPAN_KEY, span);
}

/** The span that is current in a context, whoever put it there. */
export function spanOf(context: Context): Span | undefined {
  return context.getValue(SPAN_KEY) as Span | undefined;
}
