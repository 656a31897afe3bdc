const UNITS_MS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/**
 * Reads a rate: `rate(1 minute)`, `rate(5 minutes)`; one is singular, all else plural, as AWS has it.
 *
 * @param expression the text
 * @returns milliseconds; undefined when it is no rate
 */
export function parseRate(expression: string): number | undefined {
  const parts = /^rate\(([1-9]\d*) (minute|hour|day)(s?)\)$/.exec(expression);
  if (!parts) return undefined;
  const count = Number(parts[1]);
  return (count === 1) === (parts[3] === '') ? count * UNITS_MS[parts[2]!]! : undefined;
}
