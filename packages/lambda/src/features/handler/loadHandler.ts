import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseHandlerName } from './handlerName.ts';

/** A function's handler, whatever its form. */
export type Handler = (this: unknown, ...args: unknown[]) => unknown;

/** Where the function's code is. */
export interface HandlerLocation {
  /** Value that `_HANDLER` had. */
  readonly handler: string;
  /** `LAMBDA_TASK_ROOT`. */
  readonly taskRoot: string;
  /** The script of the runtime client, for the paths in an error about a missing module. */
  readonly runtimeScript: string;
  /** The runtime client is older than version 4, and loads CommonJS as such. */
  readonly requires: boolean;
}

/** In this order, the bare name first: a handler may be named without or with its extension. */
const EXTENSIONS = ['', '.js', '.mjs', '.cjs'];

/**
 * Loads the function's handler by the rules of the runtime client (version 4, or those before), so that what goes wrong
 * while loading is told to the platform in the same words as without the agent: errors of the function's own code are
 * passed on as they are, and the client's own errors are made again.
 *
 * @see https://github.com/aws/aws-lambda-nodejs-runtime-interface-client
 */
export async function loadHandler(location: HandlerLocation): Promise<Handler> {
  const { handler, taskRoot, runtimeScript, requires } = location;
  const name = parseHandlerName(handler);
  if (!name) throw toRuntimeError('Runtime.MalformedHandlerName', 'Bad handler');
  const path = resolve(taskRoot, name.folder, name.file);
  const module: unknown =
    (requires ? await requireOrImport(path, runtimeScript) : await importAny(path)) ||
    requireFromPath(name.file, [taskRoot, join(taskRoot, name.folder)], runtimeScript);
  const found = requires
    ? name.exportPath.split('.').reduce(readAny, module)
    : findExport(module, name.exportPath) || findExport(toDefault(module), name.exportPath);
  if (!found) throw toRuntimeError('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function')
    throw toRuntimeError('Runtime.HandlerNotFound', `${handler} is not a function`);
  return found as Handler;
}

/** As version 4 loads a file: always by `import()`. */
async function importAny(path: string): Promise<unknown> {
  const extension = EXTENSIONS.find((candidate) => existsSync(path + candidate));
  return extension === undefined ? undefined : ((await import(path + extension)) as unknown);
}

/** As the versions before do: by `require` but for ES modules, and on to the next where nothing came of it. */
async function requireOrImport(path: string, runtimeScript: string): Promise<unknown> {
  const require = createRequire(realpathSync(runtimeScript));
  const tryRequire = (file: string): unknown => (existsSync(file) ? (require(file) as unknown) : undefined);
  const tryImport = async (file: string): Promise<unknown> =>
    existsSync(file) ? ((await import(file)) as unknown) : undefined;
  const script = `${path}.js`;
  const isModule = existsSync(script) && isInModulePackage(dirname(script));
  return (
    tryRequire(path) ||
    (isModule ? await tryImport(script) : tryRequire(script)) ||
    (await tryImport(`${path}.mjs`)) ||
    tryRequire(`${path}.cjs`)
  );
}

/** Whether the nearest `package.json` says that scripts are ES modules. */
function isInModulePackage(folder: string): boolean {
  const file = join(folder, 'package.json');
  if (folder.endsWith('/node_modules')) return false;
  if (existsSync(file)) {
    try {
      const description = JSON.parse(readFileSync(file, 'utf8')) as { type?: unknown } | null;
      if (description) return description.type === 'module';
    } catch {
      return false;
    }
  }
  return folder !== '/' && isInModulePackage(dirname(folder));
}

function readAny(value: unknown, key: string): unknown {
  return value && (value as Record<string, unknown>)[key];
}

/** Modules that are no files of the function's own: packages, of the function or of a layer through `NODE_PATH`. */
function requireFromPath(file: string, paths: string[], runtimeScript: string): unknown {
  const require = createRequire(realpathSync(runtimeScript));
  return require(require.resolve(file, { paths }));
}

function toDefault(module: unknown): unknown {
  return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
}

function findExport(module: unknown, path: string): unknown {
  let found = module;
  for (const key of path.split('.'))
    found = typeof found === 'object' && found ? (found as Record<string, unknown>)[key] : undefined;
  return found;
}

/** An error that the platform cannot tell from the runtime client's own. */
function toRuntimeError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
