import { resolve } from 'node:path';
import { knownPlaceholders, findUnknownPlaceholder } from './placeholders.ts';
import { listOf, mapOf, objectOf, optional, readFlag, readPort, readText, refuse } from './readers.ts';
import { wholeNumber, withDefault } from './readers.ts';
import type { Reader } from './readers.ts';

/** Environment variables; values may hold placeholders. */
export type Environment = Readonly<Record<string, string>>;

/** One Lambda function. Paths are absolute after reading. */
export interface FunctionEntry {
  readonly code: string;
  readonly handler: string;
  readonly timeoutMs: number | undefined;
  readonly memoryMb: number | undefined;
  readonly reservedConcurrency: number | undefined;
  readonly environment: Environment;
  /** Zips on top of those of all functions. */
  readonly layers: readonly string[];
}

/** CORS as an HTTP API is configured on AWS. */
export interface CorsEntry {
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[] | undefined;
  readonly allowHeaders: readonly string[] | undefined;
  readonly exposeHeaders: readonly string[] | undefined;
  readonly allowCredentials: boolean | undefined;
  readonly maxAgeSeconds: number | undefined;
}

/** One HTTP API; `routes` maps `METHOD /path` to the name of a function. */
export interface HttpApiEntry {
  readonly port: number | undefined;
  readonly cors: CorsEntry | undefined;
  readonly routes: Readonly<Record<string, string>>;
}

/** The URL of a function of its own; the entry's name is the function's. */
export interface FunctionUrlEntry {
  readonly port: number | undefined;
  readonly cors: CorsEntry | undefined;
}

/** One queue and the function that it triggers. */
export interface QueueEntry {
  readonly function: string | undefined;
  readonly batchSize: number | undefined;
  readonly batchWindowMs: number | undefined;
  readonly visibilityTimeoutMs: number | undefined;
  readonly maxReceiveCount: number | undefined;
  readonly deadLetterQueue: string | undefined;
  readonly reportBatchItemFailures: boolean | undefined;
}

/** One folder served on an origin of its own. */
export interface SiteEntry {
  readonly dir: string;
  readonly port: number | undefined;
  /** Answer unknown paths with `index.html`, as single-page apps with routes of their own want it. */
  readonly singlePage: boolean;
}

/** A process of the user's that functions need, for example a database. It gets `PORT`. */
export interface ServiceEntry {
  readonly command: readonly string[];
  readonly port: number | undefined;
  readonly environment: Environment;
  /** It is ready when it prints a line that holds this; without, when its port accepts connections. */
  readonly readyWhen: string | undefined;
}

/** What `clickspan.config.json` says, checked, with absolute paths. */
export interface DevConfig {
  /** The folder of the file: where services run, and what paths are relative to. */
  readonly dir: string;
  readonly dataDir: string;
  readonly ports: { readonly collector: number; readonly console: number; readonly sqs: number | undefined };
  /** For all functions; a function's own win. */
  readonly environment: Environment;
  /** For all functions. */
  readonly layers: readonly string[];
  readonly functions: Readonly<Record<string, FunctionEntry>>;
  readonly httpApis: Readonly<Record<string, HttpApiEntry>>;
  readonly functionUrls: Readonly<Record<string, FunctionUrlEntry>>;
  readonly queues: Readonly<Record<string, QueueEntry>>;
  readonly sites: Readonly<Record<string, SiteEntry>>;
  readonly services: Readonly<Record<string, ServiceEntry>>;
}

/** The port that OTLP over HTTP has everywhere. */
export const DEFAULT_COLLECTOR_PORT = 4318;
export const DEFAULT_CONSOLE_PORT = 4319;

const NAME = { pattern: /^[A-Za-z0-9_-]{1,64}$/, words: 'letters, digits, - and _' };
const VARIABLE = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, words: 'letters, digits and _' };
const ROUTE = {
  pattern: /^(\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \/\S*)$/,
  words: '"METHOD /path", "ANY /path" or "$default"',
};

const readHandler: Reader<string> = (value, path) => {
  const handler = readText(value, path);
  if (/^[^.\s]\S*\.[^\s.]+$/.test(handler)) return handler;
  return refuse(path, `must have the form file.export, for example "index.handler", not "${handler}".`);
};

const readEnvironment = withDefault<Environment>(
  mapOf<string>((value, path) => {
    if (typeof value === 'string') return value;
    return refuse(path, 'must be a text: environment variables have no other kind (write "1" for 1).');
  }, VARIABLE),
  {},
);

const readTexts = listOf(readText);

const readCors: Reader<CorsEntry> = objectOf<CorsEntry>({
  allowOrigins: listOf(readText, 1),
  allowMethods: optional(readTexts),
  allowHeaders: optional(readTexts),
  exposeHeaders: optional(readTexts),
  allowCredentials: optional(readFlag),
  maxAgeSeconds: optional(wholeNumber(-1, 86_400)),
});

const readFunction = objectOf<FunctionEntry>({
  code: readText,
  handler: readHandler,
  timeoutMs: optional(wholeNumber(1, 900_000)),
  memoryMb: optional(wholeNumber(128, 10_240)),
  reservedConcurrency: optional(wholeNumber(0, 1000)),
  environment: readEnvironment,
  layers: withDefault(readTexts, []),
});

const readQueue = objectOf<QueueEntry>({
  function: optional(readText),
  batchSize: optional(wholeNumber(1, 10_000)),
  batchWindowMs: optional(wholeNumber(0, 300_000)),
  visibilityTimeoutMs: optional(wholeNumber(0, 43_200_000)),
  maxReceiveCount: optional(wholeNumber(1, 1000)),
  deadLetterQueue: optional(readText),
  reportBatchItemFailures: optional(readFlag),
});

const readFile = objectOf<Omit<DevConfig, 'dir'>>({
  dataDir: withDefault(readText, '.clickspan'),
  ports: withDefault(
    objectOf<DevConfig['ports']>({
      collector: withDefault(readPort, DEFAULT_COLLECTOR_PORT),
      console: withDefault(readPort, DEFAULT_CONSOLE_PORT),
      sqs: optional(readPort),
    }),
    { collector: DEFAULT_COLLECTOR_PORT, console: DEFAULT_CONSOLE_PORT, sqs: undefined },
  ),
  environment: readEnvironment,
  layers: withDefault(readTexts, []),
  functions: withDefault(mapOf(readFunction, NAME), {}),
  httpApis: withDefault(
    mapOf(
      objectOf<HttpApiEntry>({
        port: optional(readPort),
        cors: optional(readCors),
        routes: mapOf(readText, ROUTE),
      }),
      NAME,
    ),
    {},
  ),
  functionUrls: withDefault(
    mapOf(objectOf<FunctionUrlEntry>({ port: optional(readPort), cors: optional(readCors) }), NAME),
    {},
  ),
  queues: withDefault(mapOf(readQueue, NAME), {}),
  sites: withDefault(
    mapOf(
      objectOf<SiteEntry>({
        dir: readText,
        port: optional(readPort),
        singlePage: withDefault(readFlag, false),
      }),
      NAME,
    ),
    {},
  ),
  services: withDefault(
    mapOf(
      objectOf<ServiceEntry>({
        command: listOf(readText, 1),
        port: optional(readPort),
        environment: readEnvironment,
        readyWhen: optional(readText),
      }),
      NAME,
    ),
    {},
  ),
});

/**
 * Checks a configuration and fills in its defaults.
 *
 * @param value the file as JSON
 * @param dir the folder that its paths are relative to
 * @returns the configuration; throws a `CliError` that names the path of the first bad value and what to do
 */
export function parseDevConfig(value: unknown, dir: string): DevConfig {
  const file = readFile(value, '');
  refuseUnknownNames(file);
  refuseUnknownPlaceholders(file);
  const toAbsolute = (path: string): string => resolve(dir, path);
  const functions = Object.entries(file.functions).map(([name, entry]) => {
    const { code, layers } = entry;
    return [name, { ...entry, code: toAbsolute(code), layers: layers.map(toAbsolute) }] as const;
  });
  const sites = Object.entries(file.sites).map(
    ([name, site]) => [name, { ...site, dir: toAbsolute(site.dir) }] as const,
  );
  return {
    ...file,
    dir,
    dataDir: toAbsolute(file.dataDir),
    layers: file.layers.map(toAbsolute),
    functions: Object.fromEntries(functions),
    sites: Object.fromEntries(sites),
  };
}

/** Every function and queue that is named somewhere must be there. */
function refuseUnknownNames(file: Omit<DevConfig, 'dir'>): void {
  const functions = Object.keys(file.functions);
  const knownFunction = (name: string, path: string): void => {
    if (functions.includes(name)) return;
    const there = functions.length > 0 ? `functions has: ${functions.join(', ')}` : 'functions is empty';
    refuse(path, `names the function "${name}", which is not configured; ${there}.`);
  };
  for (const [name, { routes }] of Object.entries(file.httpApis)) {
    for (const [route, target] of Object.entries(routes)) {
      knownFunction(target, `httpApis.${name}.routes["${route}"]`);
    }
  }
  for (const name of Object.keys(file.functionUrls)) knownFunction(name, `functionUrls.${name}`);
  for (const [name, queue] of Object.entries(file.queues)) {
    if (queue.function !== undefined) knownFunction(queue.function, `queues.${name}.function`);
    const { deadLetterQueue } = queue;
    if (deadLetterQueue !== undefined && !Object.hasOwn(file.queues, deadLetterQueue)) {
      refuse(
        `queues.${name}.deadLetterQueue`,
        `names the queue "${deadLetterQueue}", which is not configured.`,
      );
    }
  }
}

function refuseUnknownPlaceholders(file: Omit<DevConfig, 'dir'>): void {
  const known = knownPlaceholders(file);
  const check = (texts: Readonly<Record<string, string>> | readonly string[], path: string): void => {
    for (const [key, text] of Object.entries(texts)) {
      const unknown = findUnknownPlaceholder(text, known);
      if (unknown === undefined) continue;
      const at = Array.isArray(texts) ? `${path}[${key}]` : `${path}.${key}`;
      refuse(at, `holds the placeholder {{${unknown}}}, which is not known; there are: ${known.join(', ')}.`);
    }
  };
  check(file.environment, 'environment');
  for (const kind of ['functions', 'services'] as const) {
    for (const [name, { environment }] of Object.entries(file[kind])) {
      check(environment, `${kind}.${name}.environment`);
    }
  }
  for (const kind of ['httpApis', 'functionUrls'] as const) {
    for (const [name, { cors }] of Object.entries(file[kind])) {
      if (cors) check(cors.allowOrigins, `${kind}.${name}.cors.allowOrigins`);
    }
  }
}
