import type { SpanContext, TraceState } from '@opentelemetry/api';
import { parseTracestate, type HeaderValues } from './tracestate.ts';

/** Flag bit: the caller may have recorded this trace. */
export const FLAG_SAMPLED = 0x01;
/** Flag bit (level 2): the last 7 bytes of the trace id are random. */
export const FLAG_RANDOM = 0x02;
const KNOWN_FLAGS: number = FLAG_SAMPLED | FLAG_RANDOM;

/** Refused are version ff, version 00 with more behind the flags, and ids of zeros. */
const TRACEPARENT =
  /^[ \t]*(?!ff|00-.{52}-)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*|[ \t]*)$/;

/**
 * Reads one `traceparent` value.
 *
 * @param value the header's value; surrounding blanks and tabs are allowed, upper case is not
 * @returns the remote span's context, unknown flag bits cleared; `undefined` for anything the grammar refuses
 * @see https://www.w3.org/TR/trace-context-2/#traceparent-header
 */
export function parseTraceparent(value: string | null | undefined): SpanContext | undefined {
  // Most often there is none; looking for it in nothing would compile the pattern.
  const [, traceId, spanId, flags] = (value && TRACEPARENT.exec(value)) || [];
  if (!traceId || !spanId) return undefined;
  return { traceId, spanId, traceFlags: parseInt(flags!, 16) & KNOWN_FLAGS, isRemote: true };
}

/**
 * Writes a `traceparent` value of version 00.
 *
 * @param context trace id of 32 and span id of 16 lower-case hex digits; flag bits that the version does not know are cleared
 */
export function toTraceparent(context: SpanContext): string {
  return `00-${context.traceId}-${context.spanId}-0${context.traceFlags & KNOWN_FLAGS}`;
}

/**
 * Reads the trace context out of headers, as a participant must: two `traceparent` values count as none (proxies and
 * Lambda's HTTP events join duplicates with a comma, which the grammar refuses too), `tracestate` is read only beside a
 * valid `traceparent`, and a bad `tracestate` does not harm the `traceparent`.
 *
 * @param get gives the values of a header by its lower-case name
 * @returns the caller's context, or `undefined` when a new trace must be started
 * @see https://www.w3.org/TR/trace-context-2/#mutating-the-traceparent-field
 */
export function extractTraceContext(get: (name: string) => HeaderValues): SpanContext | undefined {
  const header = get('traceparent');
  const values = typeof header === 'string' ? [header] : (header ?? []);
  const context = values.length === 1 ? parseTraceparent(values[0]) : undefined;
  if (!context) return undefined;
  const traceState: TraceState | undefined = parseTracestate(get('tracestate'));
  return traceState ? { ...context, traceState } : context;
}
