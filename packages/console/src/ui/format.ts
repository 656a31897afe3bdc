/** How durations, moments and counts are written, everywhere in the pages. */

const NANOS_PER_MS = 1_000_000n;
const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;
/** No-break space: a number and its unit stay on one line. */
const GAP = '\u00a0';

/**
 * Writes a duration with at most three significant digits and the unit that fits: `12 µs`, `4.21 ms`, `430 ms`,
 * `1.40 s`, `2 m 04 s`, `1 h 02 m`. Seconds keep their zeros, so that a column of them lines up.
 *
 * @param durationMs milliseconds; negative ones get a minus sign, what is no number a dash
 */
export function formatDuration(durationMs: number): string {
  if (!Number.isFinite(durationMs)) return '–';
  if (durationMs < 0) return `−${formatDuration(-durationMs)}`;
  if (durationMs === 0) return `0${GAP}ms`;
  if (durationMs < 0.9995) return `${trimZeros(threeDigits(durationMs * 1000))}${GAP}µs`;
  if (durationMs < 999.5) return `${trimZeros(threeDigits(durationMs))}${GAP}ms`;
  // 59.95 s would be written as 60.0 s.
  if (durationMs < 59_950) return `${threeDigits(durationMs / MS_PER_SECOND)}${GAP}s`;
  const seconds = Math.round(durationMs / MS_PER_SECOND);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${GAP}m${GAP}${twoDigits(seconds % 60)}${GAP}s`;
  const minutes = Math.round(durationMs / MS_PER_MINUTE);
  return `${Math.floor(minutes / 60)}${GAP}h${GAP}${twoDigits(minutes % 60)}${GAP}m`;
}

function threeDigits(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  if (value < 99.95) return value.toFixed(1);
  return value.toFixed(0);
}

function trimZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/**
 * Writes the ticks of one axis: all in the unit that fits the distance between them.
 *
 * @param ticksMs evenly spaced, ascending
 */
export function formatTicks(ticksMs: readonly number[]): string[] {
  const [first = 0, second = first] = ticksMs;
  const last = ticksMs.at(-1) ?? 0;
  const reach = Math.max(Math.abs(first), Math.abs(last));
  const [unit, factor] =
    reach < 1
      ? ['µs', 1000]
      : reach < 2000
        ? ['ms', 1]
        : reach < 3 * MS_PER_MINUTE
          ? ['s', 1 / MS_PER_SECOND]
          : reach < 3 * MS_PER_HOUR
            ? ['m', 1 / MS_PER_MINUTE]
            : ['h', 1 / MS_PER_HOUR];
  const step = Math.abs(second - first) * factor;
  const decimals = step > 0 ? Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))) : 0;
  return ticksMs.map((tickMs) =>
    tickMs === 0
      ? '0'
      : `${(tickMs * factor).toFixed(needsMoreDigits(step, decimals) ? decimals + 1 : decimals)}${GAP}${unit}`,
  );
}

/** A step of 2.5 or 0.25 has one decimal more than its size tells. */
function needsMoreDigits(step: number, decimals: number): boolean {
  const scaled = step * 10 ** decimals;
  return decimals < 6 && Math.abs(scaled - Math.round(scaled)) > 1e-6;
}

/**
 * Reads a moment of the API.
 *
 * @param unixNano unix nanoseconds as a decimal string
 * @returns 0 for what is no such string, so that one broken span does not take the page down
 */
export function parseUnixNano(unixNano: string): bigint {
  return /^\d{1,20}$/.test(unixNano) ? BigInt(unixNano) : 0n;
}

/** Unix nanoseconds to a `Date`, cut to whole milliseconds. */
export function toDate(unixNano: string): Date {
  const ms = Number(parseUnixNano(unixNano) / NANOS_PER_MS);
  return new Date(Math.abs(ms) <= 8.64e15 ? ms : 0);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Local time of day with milliseconds: `14:03:22.123`. */
export function formatTimeOfDay(unixNano: string): string {
  const date = toDate(unixNano);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/**
 * The day of a moment as lists show it: nothing for today, else `22 Nov`, with the year when it is another one.
 *
 * @param now the reader's clock
 */
export function formatDay(unixNano: string, now: Date): string {
  const date = toDate(unixNano);
  if (date.toDateString() === now.toDateString()) return '';
  const day = `${date.getDate()}${GAP}${MONTHS[date.getMonth()] ?? ''}`;
  return date.getFullYear() === now.getFullYear() ? day : `${day}${GAP}${date.getFullYear()}`;
}

/** Date, local time with milliseconds, and the offset: for titles and the span panel. */
export function formatMoment(unixNano: string): string {
  const date = toDate(unixNano);
  const offsetMinutes = -date.getTimezoneOffset();
  const sign = offsetMinutes < 0 ? '−' : '+';
  const offset = Math.abs(offsetMinutes);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-');
  return `${day} ${formatTimeOfDay(unixNano)} UTC${sign}${twoDigits(Math.floor(offset / 60))}:${twoDigits(offset % 60)}`;
}

/** Groups thousands: `12 345`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}
