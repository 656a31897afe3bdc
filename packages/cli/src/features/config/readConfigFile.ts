import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CliError } from '../../cliError.ts';
import { parseDevConfig } from './devConfig.ts';
import type { DevConfig } from './devConfig.ts';

export const CONFIG_FILE_NAME = 'clickspan.config.json';

/**
 * Reads a configuration file.
 *
 * @param path the file; relative to the working directory
 * @returns the checked configuration; throws a `CliError` that says where the fault is
 */
export function readConfigFile(path: string): DevConfig {
  const file = resolve(path);
  if (!existsSync(file)) {
    throw new CliError(
      'CLICKSPAN_CLI_CONFIG_MISSING',
      `Looked for ${file}; name another one with --config, or write one (examples/storefront has one to begin with).`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError('CLICKSPAN_CLI_CONFIG_INVALID', `${file} is not JSON: ${why}.`, { cause: error });
  }
  return parseDevConfig(value, dirname(file));
}

/**
 * Refuses a configuration whose code, layers or folders are not there, before anything is started.
 *
 * @param config the configuration
 */
export function refuseMissingPaths(config: DevConfig): void {
  const check = (path: string, where: string): void => {
    if (existsSync(path)) return;
    throw new CliError(
      'CLICKSPAN_CLI_PATH_MISSING',
      `${where} names ${path}: build it first, or mend the path.`,
    );
  };
  config.layers.forEach((path, at) => check(path, `layers[${at}]`));
  for (const [name, { code, layers }] of Object.entries(config.functions)) {
    check(code, `functions.${name}.code`);
    layers.forEach((path, at) => check(path, `functions.${name}.layers[${at}]`));
  }
  for (const [name, { dir, singlePage }] of Object.entries(config.sites)) {
    check(dir, `sites.${name}.dir`);
    if (singlePage) check(join(dir, 'index.html'), `sites.${name} (singlePage)`);
  }
}
