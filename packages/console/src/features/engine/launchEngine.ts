import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ConsoleError } from '../../consoleError.ts';
import type { EngineAddress } from '../../platform/clickhouse.ts';
import { toEngineArguments, toEngineConfig } from './engineConfig.ts';
import type { EngineFiles } from './engineFiles.ts';
import { clearDataDir, writeOwner } from './engineOwner.ts';

/** A running engine process. */
export interface LaunchedEngine {
  readonly pid: number;
  readonly address: EngineAddress;
  /** Settles when the process has ended, with the end of what it had to say. */
  readonly exited: Promise<string>;
  /** Ends the process: by closing its input first, by force when that does not help. */
  readonly stop: () => Promise<void>;
}

const ENGINE_ENTRY = fileURLToPath(new URL('../../entries/engine.js', import.meta.url));
/** Measured 0.2 s warm and 1.6 s cold; a loaded machine with a slow disk may need many times that. */
const START_TIMEOUT_MS = 60_000;
/** Strangers' open connections hold up its end; what was acknowledged is on disk already. */
const STOP_GRACE_MS = 2_000;
const POLL_MS = 10;
const ERROR_TAIL_CHARS = 4_000;

/**
 * Starts an engine on a data directory and waits until it listens.
 *
 * @param library the engine's shared library
 * @throws ConsoleError `CLICKSPAN_CONSOLE_ENGINE_START`, `CLICKSPAN_CONSOLE_DATA_DIR_TAKEN`
 */
export async function launchEngine(files: EngineFiles, library: string): Promise<LaunchedEngine> {
  await mkdir(files.data, { recursive: true, mode: 0o700 });
  await clearDataDir(files);
  const key = randomBytes(32).toString('hex');
  await rm(files.config, { force: true });
  await writeFile(files.config, toEngineConfig(key), { mode: 0o600, flag: 'wx' });
  await rm(files.port, { force: true });

  const child = spawnEngine(files, library);
  const exited = watchExit(child);
  const stop = async (): Promise<void> => {
    await stopEngine(child, exited);
    // The engine does this itself, unless it had to be forced.
    await Promise.all([files.owner, files.port, files.config].map((path) => rm(path, { force: true })));
  };
  try {
    const port = await waitForPort(files.port, exited);
    const { pid } = child;
    if (pid === undefined) throw new ConsoleError('CLICKSPAN_CONSOLE_ENGINE_START', 'It has no pid.');
    await writeOwner(files, pid);
    return { pid, address: { url: `http://127.0.0.1:${port}`, key }, exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawnEngine(files: EngineFiles, library: string): ChildProcess {
  const leftovers = JSON.stringify([files.owner, files.port, files.config]);
  return spawn(process.execPath, [ENGINE_ENTRY, library, leftovers, ...toEngineArguments(files)], {
    stdio: ['pipe', 'ignore', 'pipe'],
    // A session of its own: a Ctrl-C in the terminal is for the console, which ends the engine in good order.
    detached: true,
    // Nothing of the user's environment: the engine looks for cloud credentials in it. Days are UTC days.
    env: { PATH: process.env['PATH'], HOME: files.data, TZ: 'UTC', TMPDIR: process.env['TMPDIR'] },
  });
}

function watchExit(child: ChildProcess): Promise<string> {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-ERROR_TAIL_CHARS);
  });
  child.stdin?.on('error', () => {
    // The engine has gone; `exited` tells.
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(`${tail.trim()} (${signal ?? `exit code ${code}`})`.trim()),
    );
  });
}

async function waitForPort(path: string, exited: Promise<string>): Promise<number> {
  let lastWords: string | undefined;
  void exited.then((words) => (lastWords = words));
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_MS) {
    const text = await readFile(path, 'utf8').catch(() => '');
    // The line's end tells that the port has been written whole.
    if (/^\d+\n/.test(text)) return Number.parseInt(text, 10);
    if (lastWords !== undefined) {
      if (lastWords.includes('Cannot lock file')) {
        throw new ConsoleError('CLICKSPAN_CONSOLE_DATA_DIR_TAKEN', 'Its engine holds the lock.');
      }
      throw new ConsoleError('CLICKSPAN_CONSOLE_ENGINE_START', lastWords);
    }
    await sleep(POLL_MS);
  }
  throw new ConsoleError(
    'CLICKSPAN_CONSOLE_ENGINE_START',
    `It did not listen within ${START_TIMEOUT_MS} ms.`,
  );
}

async function stopEngine(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.stdin?.end();
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await exited;
  clearTimeout(force);
}
