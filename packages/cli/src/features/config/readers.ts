import { CliError } from '../../cliError.ts';

/** Reads one value of the configuration; `path` says where it stands, for errors. Undefined means left out. */
export type Reader<T> = (value: unknown, path: string) => T;

/** The readers of an object's keys. */
export type Fields<T> = { readonly [K in keyof T]-?: Reader<T[K]> };

/**
 * Refuses a value.
 *
 * @param path where it stands, for example `functions.orders.handler`
 * @param problem what is wrong and what to do, as the end of a sentence that begins with the path
 */
export function refuse(path: string, problem: string): never {
  throw new CliError('CLICKSPAN_CLI_CONFIG_INVALID', `${path || 'The file'} ${problem}`);
}

/** A value that may be left out. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, path) => (value === undefined ? undefined : reader(value, path));
}

/** A value that is something else when left out. */
export function withDefault<T>(reader: Reader<T>, fallback: T): Reader<T> {
  return (value, path) => (value === undefined ? fallback : reader(value, path));
}

/** Text that is not empty. */
export const readText: Reader<string> = (value, path) => {
  if (typeof value === 'string' && value !== '') return value;
  return refuse(path, `must be a text that is not empty, not ${describe(value)}.`);
};

/** `true` or `false`. */
export const readFlag: Reader<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  return refuse(path, `must be true or false, not ${describe(value)}.`);
};

/** A whole number, both ends included. */
export function wholeNumber(least: number, most: number): Reader<number> {
  return (value, path) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
      return value as number;
    return refuse(path, `must be a whole number from ${least} to ${most}, not ${describe(value)}.`);
  };
}

/** A TCP port that one may ask for. */
export const readPort: Reader<number> = wholeNumber(1, 65_535);

/** A list of values. */
export function listOf<T>(reader: Reader<T>, least = 0): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return refuse(path, `must be a list ([ … ]), not ${describe(value)}.`);
    if (value.length < least)
      return refuse(path, `must hold at least ${least} value${least === 1 ? '' : 's'}.`);
    return value.map((item, at) => reader(item, `${path}[${at}]`));
  };
}

/**
 * Names with values.
 *
 * @param reader reads each value
 * @param name what a name must look like, and that in words
 */
export function mapOf<T>(
  reader: Reader<T>,
  name?: { readonly pattern: RegExp; readonly words: string },
): Reader<Readonly<Record<string, T>>> {
  return (value, path) => {
    const entries = Object.entries(toObject(value, path)).map(([key, item]) => {
      const at = path ? `${path}.${key}` : key;
      if (name && !name.pattern.test(key))
        return refuse(at, `has a name that it cannot have: use ${name.words}.`);
      return [key, reader(item, at)] as const;
    });
    return Object.fromEntries(entries);
  };
}

/** An object with known keys; an unknown one is refused, since it is most often a slip of the pen. */
export function objectOf<T>(fields: Fields<T>): Reader<T> {
  const known = Object.keys(fields);
  return (value, path) => {
    const given = toObject(value, path);
    for (const key of Object.keys(given)) {
      if (known.includes(key)) continue;
      refuse(path ? `${path}.${key}` : key, `is not known; here there may be: ${known.join(', ')}.`);
    }
    const read = known.map((key) => {
      const reader = fields[key as keyof T] as Reader<unknown>;
      return [key, reader(given[key], path ? `${path}.${key}` : key)] as const;
    });
    return Object.fromEntries(read) as T;
  };
}

function toObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  return refuse(path, `must be an object ({ … }), not ${describe(value)}.`);
}

function describe(value: unknown): string {
  if (value === undefined) return 'left out';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value);
}
