/** The last 56 bits of a trace id are random (W3C Trace Context level 2); a number holds 52 of them exactly. */
const RANDOM_RANGE = 2 ** 52;

/**
 * Decides whether a new trace is recorded, from its id alone, so that everyone who applies the same ratio decides alike.
 *
 * @param ratio from 0 to 1
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function shouldSample(traceId: string, ratio: number): boolean {
  return parseInt(traceId.slice(-14, -1), 16) >= (1 - ratio) * RANDOM_RANGE;
}
