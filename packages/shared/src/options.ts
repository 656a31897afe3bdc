/** The kinds of options there are, for the docs table. */
export type OptionKind = 'text' | 'url' | 'boolean' | 'number' | 'list' | 'map' | 'choice' | 'function';

/** One option: what it is called outside code, what it may be, and what it is when nobody says. */
export interface Option<T> {
  readonly kind: OptionKind;
  readonly default: T;
  /** The environment variable, or for a script tag the `data-` attribute, that sets it. */
  readonly environment: string | undefined;
  /** Reads a value from the environment (always text) or from code; `undefined` when it is not one. */
  parse(raw: unknown): T | undefined;
  /** One sentence for people: what it does, unit and range. Build steps leave it out of bundles. */
  readonly doc: string;
}

/** What each option function takes. */
export interface OptionSpec<T> {
  readonly default: T;
  readonly environment?: string;
  readonly doc: string;
}

/** The options of a package. */
export type OptionSchema = Readonly<Record<string, Option<unknown>>>;

/** The values that a schema's options have after reading. */
export type OptionValues<S> = { readonly [K in keyof S]: S[K] extends Option<infer T> ? T : never };

/** What code may hand over: each option may be left out. */
export type OptionInput<S> = {
  readonly [K in keyof S]?: (S[K] extends Option<infer T> ? T : never) | undefined;
};

/** Where values come from. */
export interface OptionSources<S extends OptionSchema> {
  /** Gives the text of an environment variable, or by an option's own name where it names none; empty counts as unset. */
  readonly environment: (name: string) => string | null | undefined;
  /** What a warning calls the text of an option that names no variable; by default as the option. */
  readonly toEnvironmentName?: (name: string) => string;
  readonly code?: OptionInput<S> | undefined;
  /** Told once per bad value, by name and never with the value: it could be a secret. */
  readonly warn: (message: string) => void;
}

/**
 * Reads all options: environment before code before default; a bad value is told and passed over.
 */
export function readOptions<S extends OptionSchema>(schema: S, sources: OptionSources<S>): OptionValues<S> {
  const { code, warn, toEnvironmentName = (name) => name } = sources;
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(schema)) {
    const option = schema[name]!;
    const variable = option.environment ?? name;
    const text = sources.environment(variable) || undefined;
    const given = code?.[name];
    let value = text && option.parse(text);
    if (text && value === undefined) warnOf(option.environment ?? toEnvironmentName(name), option, warn);
    if (value === undefined && given !== undefined) {
      value = option.parse(given);
      if (value === undefined) warnOf(name, option, warn);
    }
    values[name] = value ?? option.default;
  }
  return values as OptionValues<S>;
}

function warnOf(source: string, { kind }: Option<unknown>, warn: (message: string) => void): void {
  warn(`${source} is not a valid ${kind}; it is ignored.`);
}

// A page's start waits for the schema: so the kinds share what reads them, and no option has a function of its own.

/** Any text. */
export function textOption(spec: OptionSpec<string>): Option<string> {
  return option('text', spec, parseText);
}

/** An absolute http or https address; kept without a trailing slash. */
export function urlOption(spec: OptionSpec<string>): Option<string> {
  return option('url', spec, parseAddress);
}

/** `true` or `false`, in any case. */
export function booleanOption(spec: OptionSpec<boolean>): Option<boolean> {
  return option('boolean', spec, parseBoolean);
}

/** A finite number within a range, both ends included. */
export function numberOption(spec: OptionSpec<number> & Range): Option<number> {
  return option('number', spec, parseNumber);
}

/** A list of texts; in the environment separated by commas. */
export function listOption<D extends readonly string[] | undefined>(
  spec: OptionSpec<D>,
): Option<D | readonly string[]> {
  return option<D | readonly string[]>('list', spec, parseTexts);
}

/** A list of texts, which code may mix with functions; in the environment separated by commas. */
export function targetsOption<F extends (...args: never[]) => unknown>(
  spec: OptionSpec<readonly (string | F)[]>,
): Option<readonly (string | F)[]> {
  return option('list', spec, parseTargets);
}

/** A function; only code can give one. */
export function functionOption<F extends (...args: never[]) => unknown>(
  spec: OptionSpec<F | undefined>,
): Option<F | undefined> {
  return option('function', spec, parseFunction);
}

/** Names with values; in the environment `name=value` separated by commas, percent-encoded. */
export function mapOption(
  spec: OptionSpec<Readonly<Record<string, string>>>,
): Option<Readonly<Record<string, string>>> {
  return option('map', spec, parseMap);
}

/** One of a few words. */
export function choiceOption<T extends string>(spec: OptionSpec<T> & Choices<T>): Option<T> {
  return option('choice', spec, parseChoice);
}

interface Range {
  readonly min: number;
  readonly max: number;
}

interface Choices<T> {
  readonly choices: readonly T[];
}

function option<T>(kind: OptionKind, spec: OptionSpec<T>, parse: (raw: unknown) => unknown): Option<T> {
  return { environment: undefined, ...spec, kind, parse: parse as Option<T>['parse'] };
}

function parseText(raw: unknown): unknown {
  return typeof raw === 'string' ? raw : undefined;
}

function parseAddress(raw: unknown): unknown {
  // Both cases written out: to compile a pattern like this without regard to case takes V8 long.
  return typeof raw === 'string' && /^[hH][tT]{2}[pP][sS]?:\/\/[^\s/?#]+[^\s?#]*$/.test(raw)
    ? raw.replace(/\/+$/, '')
    : undefined;
}

function parseBoolean(raw: unknown): unknown {
  const isTrue = /^true$/i.test(String(raw));
  return isTrue || /^false$/i.test(String(raw)) ? isTrue : undefined;
}

function parseNumber(this: Range, raw: unknown): unknown {
  const value = typeof raw === 'string' && raw.trim() ? Number(raw) : raw;
  return typeof value === 'number' && value >= this.min && value <= this.max ? value : undefined;
}

function parseTexts(raw: unknown): unknown {
  return parseList(raw, ['string']);
}

function parseTargets(raw: unknown): unknown {
  return parseList(raw, ['string', 'function']);
}

function parseFunction(raw: unknown): unknown {
  return typeof raw === 'function' ? raw : undefined;
}

function parseMap(raw: unknown): unknown {
  if (typeof raw === 'string') return parsePairs(raw);
  return typeof raw === 'object' && raw !== null && Object.values(raw).every((v) => typeof v === 'string')
    ? raw
    : undefined;
}

function parseChoice(this: Choices<unknown>, raw: unknown): unknown {
  return this.choices.find((choice) => choice === raw);
}

function parseList(raw: unknown, types: readonly string[]): unknown {
  if (typeof raw === 'string') return splitList(raw);
  return Array.isArray(raw) && raw.every((item) => types.includes(typeof item)) ? raw : undefined;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

function parsePairs(text: string): Record<string, string> | undefined {
  try {
    return Object.fromEntries(
      splitList(text).map((item) =>
        // Where there is no match, this throws as well as where there is no text to decode.
        /^([^=]+)=(.*)/s
          .exec(item)!
          .slice(1)
          .map((part) => decodeURIComponent(part).trim()),
      ) as [string, string][],
    );
  } catch {
    return undefined;
  }
}
