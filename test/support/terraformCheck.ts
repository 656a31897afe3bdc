import { toSettings } from './cloudFormationSettings.ts';
import type { Settings } from './cloudFormationSettings.ts';

/** A Terraform file as HashiCorp's parser tells it: blocks as lists, expressions as texts in `${…}`. */
export interface TerraformFile {
  readonly resource?: Blocks;
  readonly data?: Blocks;
  readonly variable?: Readonly<Record<string, readonly { readonly default?: unknown }[]>>;
  readonly locals?: readonly Body[];
  readonly output?: Readonly<Record<string, readonly Body[]>>;
}

type Body = Readonly<Record<string, unknown>>;
type Blocks = Readonly<Record<string, Readonly<Record<string, readonly Body[]>>>>;

/** What a provider takes. */
export interface TerraformSchema {
  readonly resource: Readonly<Record<string, Kind>>;
  readonly data: Readonly<Record<string, Kind>>;
}

interface Kind {
  readonly arguments: Arguments;
  /** What others can refer to. */
  readonly attributes: readonly string[];
}

interface Argument {
  readonly required?: boolean;
  readonly type?: string;
  readonly block?: Arguments;
}
type Arguments = Readonly<Record<string, Argument>>;

/** Terraform's own arguments of every resource. */
const META = new Set(['count', 'for_each', 'depends_on', 'lifecycle', 'provider']);
const REFERENCE = /(?<![\w.])(var|local|data\.\w+|aws_\w+|archive_\w+)\.(\w+)(?:\[[^\]]*\])?(?:\.(\w+))?/g;

/**
 * Finds what `terraform validate` would refuse, as far as a schema tells: types, arguments and blocks that no provider has,
 * required ones that are missing, plain values of a wrong type, and references that lead nowhere.
 *
 * @param file the parsed file
 * @param schema what the providers know
 * @returns a sentence each
 */
export function findTerraformFaults(file: TerraformFile, schema: TerraformSchema): readonly string[] {
  const faults: string[] = [];
  for (const kind of ['resource', 'data'] as const) {
    for (const [type, blocks] of Object.entries(file[kind] ?? {})) {
      const known = schema[kind][type];
      if (!known) faults.push(`${kind} ${type}: no such type`);
      for (const [name, [body]] of Object.entries(blocks))
        if (known) faults.push(...findArgumentFaults(`${type}.${name}`, body ?? {}, known.arguments));
    }
  }
  return [...faults, ...findReferenceFaults(file, schema)];
}

function findArgumentFaults(where: string, body: Body, known: Arguments): readonly string[] {
  const missing = Object.entries(known)
    .filter(([name, { required }]) => required && !Object.hasOwn(body, name))
    .map(([name]) => `${where}: ${name} is missing`);
  const wrong = Object.entries(body).flatMap(([name, value]) => {
    const argument = known[name];
    if (!argument) return META.has(name) ? [] : [`${where}: no such argument: ${name}`];
    if (!argument.block)
      return isOfType(value, argument.type) ? [] : [`${where}: ${name} is no ${argument.type}`];
    if (!Array.isArray(value)) return [`${where}: ${name} is a block`];
    const { block } = argument;
    return value.flatMap((inner: Body) => findArgumentFaults(`${where}.${name}`, inner, block));
  });
  return [...missing, ...wrong];
}

/** An expression may become anything. */
function isOfType(value: unknown, type: string | undefined): boolean {
  if (typeof value === 'string' && value.includes('${')) return true;
  if (type === 'map') return typeof value === 'object' && !Array.isArray(value);
  if (type?.endsWith('[]'))
    return Array.isArray(value) && value.every((one) => isOfType(one, type.slice(0, -2)));
  return typeof value === type;
}

function findReferenceFaults(file: TerraformFile, schema: TerraformSchema): readonly string[] {
  const locals = new Set(file.locals?.flatMap((body) => Object.keys(body)));
  const leadsNowhere = ([, root = '', name = '', attribute]: RegExpMatchArray): boolean => {
    if (root === 'var') return file.variable?.[name] === undefined;
    if (root === 'local') return !locals.has(name);
    const kind = root.startsWith('data.') ? 'data' : 'resource';
    const type = root.replace('data.', '');
    if (file[kind]?.[type]?.[name] === undefined) return true;
    return attribute !== undefined && schema[kind][type]?.attributes.includes(attribute) !== true;
  };
  return findExpressions(file).flatMap((expression) =>
    [...expression.matchAll(REFERENCE)]
      .filter(leadsNowhere)
      .map(([reference]) => `${reference} leads nowhere`),
  );
}

function findExpressions(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.includes('${') ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(findExpressions) : [];
}

/**
 * Reads the settings of the one function of a file.
 *
 * @param file the parsed file
 * @param variables those that differ from their defaults
 */
export function readTerraform(
  file: TerraformFile,
  variables: Readonly<Record<string, string>> = {},
): Settings {
  const locals: Body = Object.assign({}, ...(file.locals ?? []));
  const read = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(read);
    if (typeof value !== 'string') return value;
    const known = value.replaceAll(/\$\{var\.(\w+)\}/g, (_, name: string) =>
      String(variables[name] ?? file.variable?.[name]?.[0]?.default),
    );
    if (/^\$\{aws_sqs_queue\.\w+\.url\}$/.test(known)) return 'URL of the queue';
    return /^\$\{aws_lambda_layer_version\.\w+\.arn\}$/.test(known) ? 'clickspan' : known;
  };
  const only = (type: string): Body | undefined => Object.values(file.resource?.[type] ?? {})[0]?.[0];
  const found = only('aws_lambda_function');
  if (!found) throw new Error('the file has no function');
  const front =
    only('aws_apigatewayv2_api')?.['cors_configuration'] ?? only('aws_lambda_function_url')?.['cors'];
  const cors = (front as readonly Body[])[0]!;
  return toSettings({
    handler: found['handler'],
    runtime: found['runtime'],
    architectures: read(found['architectures']),
    memoryMb: found['memory_size'],
    timeoutSeconds: found['timeout'],
    layers: read(found['layers']),
    layerArchitectures: only('aws_lambda_layer_version')?.['compatible_architectures'],
    variables: Object.fromEntries(readVariables().map(([name, value]) => [name, read(value)])),
    cors: {
      allowOrigins: read(cors['allow_origins']),
      allowMethods: cors['allow_methods'],
      allowHeaders: cors['allow_headers'],
      exposeHeaders: cors['expose_headers'],
      maxAge: cors['max_age'],
    },
  });

  /** Those of `merge(local.a, local.b)`; a list made of a data source has something when its `count` is one. */
  function readVariables(): [string, unknown][] {
    const [{ variables: merged } = {}] = found!['environment'] as readonly Body[];
    return [...String(merged).matchAll(/local\.(\w+)/g)].flatMap(([, name]) => {
      const value = locals[name!];
      return typeof value === 'object' ? Object.entries(value ?? {}) : readFromSecret(String(value));
    });
  }
  function readFromSecret(expression: string): [string, unknown][] {
    const [, type, name, key] =
      /for version in data\.(\w+)\.(\w+) :\s+"(\w+)" => version\.secret_string/.exec(expression) ?? [];
    const secret = file.data?.[type!]?.[name!]?.[0];
    const [, condition] = /^\$\{var\.(\w+) == "" \? 0 : 1\}$/.exec(String(secret?.['count'])) ?? [];
    const isThere = read(`\${var.${condition}}`) !== '';
    return isThere ? [[key!, `{{resolve:secretsmanager:${String(read(secret?.['secret_id']))}}}`]] : [];
  }
}
