import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';

/**
 * Installs the packages of a folder of peers, unless it holds what its lockfile says.
 *
 * @param folder absolute; has a `package.json` and a lockfile
 * @param size how much is fetched, for people
 */
export function installPeers(folder: string, size: string): void {
  const stampFile = resolve(folder, 'node_modules/.clickspan-bench');
  const lock = readFileSync(resolve(folder, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash) return;
  const shown = `test/bench/${basename(folder)}`;
  process.stderr.write(`Installing the peers into ${shown} (${size}) …\n`);
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env['npm_execpath'];
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const { status, error } = spawnSync(program, [...first, ...args], {
    cwd: folder,
    // This command's own output may be read by a program.
    stdio: ['ignore', 2, 2],
    env: withoutNpmVariables(),
  });
  if (error) throw new Error(`npm could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`'npm ci' in ${shown} failed with status ${status}.`);
  writeFileSync(stampFile, hash);
}

/** `npm run` tells its children about the workspace, which would make npm install there. */
function withoutNpmVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_local_prefix|package_|lifecycle_)/.test(name),
    ),
  );
}
