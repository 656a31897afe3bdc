/** Severity numbers of OpenTelemetry's data model. */
export const SEVERITY_ERROR = 17;

/** The beginnings of levels, each group one range of severities: of `console`, winston, Powertools, Lambda and syslog. */
const LEVELS =
  /^(?:(trace|silly)|(debug|verbose)|(log|info|http|notice)|(warn)|(err|crit|alert)|(fatal|emerg))/i;
/** How many severities a range has. */
const RANGE = 4;

/**
 * The severity of a level.
 *
 * @param level a name in any case, or a number as pino and bunyan write it: 10 trace to 60 fatal
 * @returns the lowest number of its range in OpenTelemetry; `undefined` where it is none that is known
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
 */
export function toSeverity(level: unknown): number | undefined {
  const range =
    typeof level === 'number'
      ? Math.floor(level / 10)
      : LEVELS.exec(String(level))?.findIndex((group, i) => i && group);
  return range && range > 0 && range < 7 ? (range - 1) * RANGE + 1 : undefined;
}

/**
 * Whether a line that a logger has written may be of an error or worse; quick, and right for all that are.
 *
 * @param text the line, or its beginning
 */
export function mayBeError(text: string): boolean {
  return /err|fatal|crit|alert|emerg|"level":\s*[56]\d/i.test(text);
}
