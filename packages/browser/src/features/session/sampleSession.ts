/** Of an id, whose digits are all random, the last 56 bits decide, as for a trace id; a number holds 52 of them exactly. */
const RANDOM_RANGE = 2 ** 52;

/**
 * Decides whether a session is recorded, from its id alone, so that every page of it decides alike, and so that a higher
 * ratio keeps what a lower one does.
 *
 * @param id 32 hex digits
 * @param ratio from 0 to 1
 * @see https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function shouldSample(id: string, ratio: number): boolean {
  return parseInt(id.slice(-14, -1), 16) >= (1 - ratio) * RANDOM_RANGE;
}
