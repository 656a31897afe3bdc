import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { findNode24, repository } from './packages.mjs';

const PARENT_CHECK_MS = 500;

/**
 * Runs a program in the repository until it ends, with the packages' Node and tools first in PATH.
 *
 * Its standard input is a pipe that closes when this process ends, however it ends, or is told to stop, or loses its own
 * parent: a long-running program takes that as its order to end (`CLICKSPAN_END_WITH_STDIN=1`).
 *
 * @returns {Promise<number>} its exit status; 128 + the signal's number when a signal ended it
 */
export async function runToEnd(program, args, { quiet = false, environment = {} } = {}) {
  const child = spawn(program, args, {
    cwd: repository,
    stdio: ['pipe', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    env: {
      ...process.env,
      PATH: [dirname(findNode24()), join(repository, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      CLICKSPAN_END_WITH_STDIN: '1',
      ...environment,
    },
  });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  child.stdin.on('error', () => {});

  // A terminal sends Ctrl-C to the child as well; closing its input is harmless then, and enough everywhere else.
  const end = () => child.stdin.end();
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && end(), PARENT_CHECK_MS);
  watch.unref();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, end);
  try {
    const status = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : 15)));
    });
    if (quiet && status !== 0) process.stderr.write(output);
    return status;
  } finally {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, end);
  }
}
