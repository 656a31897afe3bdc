import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of the workspace. */
export const repository = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');

const MINIMUM_NODE = 20;
/** vitest and jsdom need it; the runtime client of nodejs24.x is made for it. */
const TOOL_NODE = 24;

/** Installs the packages of the lockfile unless just those are there already. */
export async function ensurePackages() {
  if (major(process.versions.node) < MINIMUM_NODE) {
    throw new Error(`Clickspan needs Node ${MINIMUM_NODE} or newer; this is ${process.versions.node}.`);
  }
  if (isInstalled()) return;
  console.error('Installing packages (about 1.3 GB on disk; half a minute to a few minutes) …');
  const npm = process.env.npm_execpath;
  const [program, args] = npm?.endsWith('.js') ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']];
  const { status, error } = spawnSync(program, args, {
    cwd: repository,
    // Its messages too go to standard error: a command's own output may be read by a program.
    stdio: ['ignore', 2, 2],
  });
  if (error) throw new Error(`npm could not be started: ${error.message}`);
  if (status !== 0) throw new Error(`'npm ci' failed with status ${status}; its messages are above.`);
}

/** Whether node_modules holds what package-lock.json asks for, as far as this platform can have it. */
function isInstalled() {
  const installed = readPackages(join(repository, 'node_modules/.package-lock.json'));
  if (!installed) return false;
  for (const [path, { version, optional, link }] of Object.entries(
    readPackages(join(repository, 'package-lock.json')) ?? {},
  )) {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) continue;
    const found = installed[path];
    if (found ? !link && found.version !== version : !optional) return false;
  }
  return true;
}

function readPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

/**
 * The Node under which tools and demo run: the one among the packages, else the running one when it is new enough.
 *
 * @throws when there is neither; the message says what to do
 */
export function findNode24() {
  const packaged = join(repository, `node_modules/node24-${process.platform}-${process.arch}/bin/node`);
  const runningFits = major(process.versions.node) >= TOOL_NODE;
  // The packaged Node for Apple Silicon is older than the tools ask for, so there a fitting Node of the user's comes first.
  if (runningFits && process.platform === 'darwin' && process.arch === 'arm64') return process.execPath;
  if (existsSync(packaged)) return packaged;
  if (runningFits) return process.execPath;
  throw new Error(
    `There is no packaged Node ${TOOL_NODE} for ${process.platform} ${process.arch}; ` +
      `install Node ${TOOL_NODE} or newer and run this again.`,
  );
}

function major(version) {
  return Number(version.split('.')[0]);
}
