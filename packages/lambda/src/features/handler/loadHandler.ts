import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
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
}

/** In this order, the bare name first: a handler may be named without or with its extension. */
const EXTENSIONS = ['', '.js', '.mjs', '.cjs'];

/**
 * Loads the function's handler by the rules of the runtime client (version 4), so that what goes wrong while loading is
 * told to the platform in the same words as without the agent: errors of the function's own code are passed on as they
 * are, and the client's own errors are made again.
 *
 * @see https://github.com/aws/aws-lambda-nodejs-runtime-interface-client
 */
export async function loadHandler({ handler, taskRoot, runtimeScript }: HandlerLocation): Promise<Handler> {
  const name = parseHandlerName(handler);
  if (!name) throw toRuntimeError('Runtime.MalformedHandlerName', 'Bad handler');
  const path = resolve(taskRoot, name.folder, name.file);
  const extension = EXTENSIONS.find((candidate) => existsSync(path + candidate));
  const module: unknown =
    extension === undefined
      ? requireFromPath(name.file, [taskRoot, join(taskRoot, name.folder)], runtimeScript)
      : await import(path + extension);
  const found = findExport(module, name.exportPath) || findExport(toDefault(module), name.exportPath);
  if (!found) throw toRuntimeError('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function')
    throw toRuntimeError('Runtime.HandlerNotFound', `${handler} is not a function`);
  return found as Handler;
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
