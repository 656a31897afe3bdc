/** Which minutes a cron expression names; days of the month and of the week exclude each other. */
interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  readonly years: readonly number[];
  readonly isDay: (day: Day) => boolean;
}

/** A day in UTC. */
interface Day {
  readonly ofMonth: number;
  /** 1 is Sunday. */
  readonly ofWeek: number;
  readonly daysInMonth: number;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const YEARS = [1970, 2199] as const;
const DAY_MS = 86_400_000;
const SUNDAY = 1;
const SATURDAY = 7;

/**
 * Reads `cron(minutes hours day-of-month month day-of-week year)`, in UTC
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html, "Cron-based schedules").
 *
 * @param expression the text
 * @returns says when it is due next after a time, unix ms; undefined when it is no such expression
 */
export function parseCron(expression: string): ((afterUnixMs: number) => number | undefined) | undefined {
  const [, text = ''] = /^cron\((.*)\)$/.exec(expression) ?? [];
  const [minute, hour, dayOfMonth, month, dayOfWeek, year, ...more] = text.trim().split(/\s+/);
  if (year === undefined || more.length > 0) return undefined;
  const minutes = parseNumbers(minute!, 0, 59);
  const hours = parseNumbers(hour!, 0, 23);
  const months = parseNumbers(month!, 1, 12, MONTHS);
  const years = parseNumbers(year, ...YEARS);
  // "If you specify a value or * in one of the fields, you must use ? in the other."
  const isDay =
    dayOfWeek === '?'
      ? parseDayOfMonth(dayOfMonth!)
      : dayOfMonth === '?'
        ? parseDayOfWeek(dayOfWeek!)
        : undefined;
  if (!minutes || !hours || !months || !years || !isDay) return undefined;
  return (afterUnixMs) => toNext({ minutes, hours, months, years, isDay }, afterUnixMs);
}

/**
 * Reads `at(yyyy-mm-ddThh:mm:ss)`, in UTC (the same page, "One-time schedules").
 *
 * @param expression the text
 * @returns says when it is due; undefined when it is no such expression
 */
export function parseAt(expression: string): ((afterUnixMs: number) => number | undefined) | undefined {
  const [, text] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(expression) ?? [];
  const dueUnixMs = Date.parse(`${text}Z`);
  if (Number.isNaN(dueUnixMs)) return undefined;
  return (afterUnixMs) => (dueUnixMs > afterUnixMs ? dueUnixMs : undefined);
}

/** Reads `*`, `5`, `1-5`, `0/15`, `10-40/10`, and several of them between commas; in order. */
function parseNumbers(
  field: string,
  least: number,
  most: number,
  names: readonly string[] = [],
): readonly number[] | undefined {
  const toNumber = (text: string): number => {
    const named = names.indexOf(text.toUpperCase());
    return named >= 0 ? named + least : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  };
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step, ...more] = part.split('/');
    const [from = '', to, ...extra] = range.split('-');
    const first = from === '*' ? least : toNumber(from);
    const open = from === '*' || step !== undefined ? most : first;
    const last = to === undefined ? open : toNumber(to);
    const by = step === undefined ? 1 : Number(/^\d+$/.test(step) ? step : Number.NaN);
    if (more.length > 0 || extra.length > 0 || (from === '*' && to !== undefined)) return undefined;
    if (!(first >= least && first <= last && last <= most && by >= 1)) return undefined;
    for (let number = first; number <= last; number += by) found.add(number);
  }
  return [...found].sort((a, b) => a - b);
}

/** Numbers, `L` for the last day, `15W` for the weekday nearest to the 15th of the same month. */
function parseDayOfMonth(field: string): Cron['isDay'] | undefined {
  if (field === 'L') return ({ ofMonth, daysInMonth }) => ofMonth === daysInMonth;
  const wanted = Number(/^(\d+)W$/.exec(field)?.[1]);
  if (wanted >= 1 && wanted <= 31)
    return (day) => wanted <= day.daysInMonth && day.ofMonth === toWeekday(wanted, day);
  const numbers = parseNumbers(field, 1, 31);
  return numbers && (({ ofMonth }) => numbers.includes(ofMonth));
}

/** Numbers and names, `L` for Saturday, `6L` for the last Friday of the month, `3#2` for the second Tuesday. */
function parseDayOfWeek(field: string): Cron['isDay'] | undefined {
  if (field === 'L') return ({ ofWeek }) => ofWeek === SATURDAY;
  const [, name = '', kind, nth = '0'] = /^([1-7]|[A-Z]{3})(?:(L)|#([1-5]))$/i.exec(field) ?? [];
  const [wanted] = (name === '' ? undefined : parseNumbers(name, SUNDAY, SATURDAY, WEEKDAYS)) ?? [];
  if (wanted !== undefined)
    return ({ ofMonth, ofWeek, daysInMonth }) =>
      ofWeek === wanted &&
      (kind === 'L' ? ofMonth > daysInMonth - 7 : Math.ceil(ofMonth / 7) === Number(nth));
  const numbers = parseNumbers(field, SUNDAY, SATURDAY, WEEKDAYS);
  return numbers && (({ ofWeek }) => numbers.includes(ofWeek));
}

/** The weekday nearest to a day of the month, without leaving the month. */
function toWeekday(wanted: number, { ofMonth, ofWeek, daysInMonth }: Day): number {
  const weekday = (((ofWeek - 1 + wanted - ofMonth) % 7) + 7) % 7;
  if (weekday === SATURDAY - 1) return wanted === 1 ? 3 : wanted - 1;
  if (weekday === SUNDAY - 1) return wanted === daysInMonth ? wanted - 2 : wanted + 1;
  return wanted;
}

function toNext({ minutes, hours, months, years, isDay }: Cron, afterUnixMs: number): number | undefined {
  const last = Date.UTC(years.at(-1)!, 11, 31);
  for (let day = Math.floor(afterUnixMs / DAY_MS) * DAY_MS; day <= last; day += DAY_MS) {
    const date = new Date(day);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    if (!years.includes(year) || !months.includes(month + 1)) continue;
    const daysInMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    if (!isDay({ ofMonth: date.getUTCDate(), ofWeek: date.getUTCDay() + 1, daysInMonth })) continue;
    for (const hour of hours)
      for (const minute of minutes) {
        const due = day + (hour * 60 + minute) * 60_000;
        if (due > afterUnixMs) return due;
      }
  }
  return undefined;
}
