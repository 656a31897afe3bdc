/** What a placeholder becomes, by its name. */
export type PlaceholderValues = Readonly<Record<string, string>>;

/** The parts of a configuration that addresses are made for. */
export interface Addressed {
  readonly httpApis: Readonly<Record<string, unknown>>;
  readonly functionUrls: Readonly<Record<string, unknown>>;
  readonly queues: Readonly<Record<string, unknown>>;
  readonly sites: Readonly<Record<string, unknown>>;
  readonly services: Readonly<Record<string, unknown>>;
}

const PLACEHOLDER = /\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}/g;

/** Names every placeholder that a configuration may use. */
export function knownPlaceholders(config: Addressed): readonly string[] {
  const named = (kind: string, entries: Readonly<Record<string, unknown>>): string[] =>
    Object.keys(entries).map((name) => `${kind}.${name}`);
  return [
    'collector',
    'console',
    'sqs',
    ...named('api', config.httpApis),
    ...named('function', config.functionUrls),
    ...named('queue', config.queues),
    ...named('site', config.sites),
    ...named('service', config.services),
  ];
}

/**
 * Finds the first placeholder of a text that is not known.
 *
 * @returns its name; undefined when all are known
 */
export function findUnknownPlaceholder(text: string, known: readonly string[]): string | undefined {
  for (const [, name] of text.matchAll(PLACEHOLDER)) {
    if (!known.includes(name!)) return name;
  }
  return undefined;
}

/**
 * Puts addresses in the place of placeholders. One that is not known stays as it is: pages have templates of their own
 * that look alike.
 *
 * @param text with `{{name}}` in it
 * @param values what each name becomes
 */
export function fillPlaceholders(text: string, values: PlaceholderValues): string {
  return text.replaceAll(PLACEHOLDER, (whole, name: string) =>
    Object.hasOwn(values, name) ? values[name]! : whole,
  );
}

/** Fills the placeholders of each value. */
export function fillEnvironment(
  environment: Readonly<Record<string, string>>,
  values: PlaceholderValues,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([key, text]) => [key, fillPlaceholders(text, values)]),
  );
}
