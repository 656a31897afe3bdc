import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ConsoleError } from '../../consoleError.ts';
import type { EngineAddress } from '../../platform/clickhouse.ts';
import { toEngineArguments, toEngineConfig } from './engineConfig.ts';
import { toRunFiles } from './engineFiles.ts';
import type { EngineFiles, RunFiles } from './engineFiles.ts';
import { clearDataDir, releaseOwner, removeOldRuns, writeOwner } from './engineOwner.ts';

/** A running engine process. */
export interface LaunchedEngine {
  readonly pid: number;
  readonly address: EngineAddress;
  /** Settles when the process has ended and its files are gone, with the end of what it had to say. */
  readonly exited: Promise<string>;
  /** Ends the process: by closing its input first, by force when that does not help. */
  readonly stop: () => Promise<void>;
}

/** What to launch an engine with. */
export interface LaunchOptions {
  readonly files: EngineFiles;
  /** The engine's shared library. */
  readonly library: string;
  /** Gives the start up when it is aborted. */
  readonly signal: AbortSignal;
}

const ENGINE_ENTRY = fileURLToPath(new URL('../../entries/engine.js', import.meta.url));
/** Measured 0.2 s warm and 1.6 s cold; a loaded machine with a slow disk may need many times that. */
const START_TIMEOUT_MS = 60_000;
/** Strangers' open connections hold up its end; what was acknowledged is on disk already. */
const STOP_GRACE_MS = 2_000;
/** An engine whose console was killed in the moment of its start is known to nobody, and ends by itself within this time. */
const LOCK_WAIT_MS = 8_000;
const LOCK_RETRY_MS = 200;
const POLL_MS = 10;
const ERROR_TAIL_CHARS = 4_000;

/**
 * Starts an engine on a data directory and waits until it listens.
 *
 * @throws ConsoleError `CLICKSPAN_CONSOLE_ENGINE_START`, `CLICKSPAN_CONSOLE_DATA_DIR_TAKEN`
 */
export async function launchEngine(options: LaunchOptions): Promise<LaunchedEngine> {
  const { files, signal } = options;
  await mkdir(files.data, { recursive: true, mode: 0o700 });
  const deadlineMs = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    await clearDataDir(files);
    await removeOldRuns(files);
    const launched = await launchOnce(options);
    if (launched !== 'locked') return launched;
    if (performance.now() >= deadlineMs || signal.aborted) {
      const holder = await readFile(join(files.data, 'status'), 'utf8').catch(() => '');
      const pid = /PID: (\d+)/.exec(holder)?.[1] ?? 'another';
      throw new ConsoleError(
        'CLICKSPAN_CONSOLE_DATA_DIR_TAKEN',
        `Process ${pid} holds its lock. Stop that one, or use another data directory.`,
      );
    }
    await sleep(LOCK_RETRY_MS);
  }
}

async function launchOnce({ files, library, signal }: LaunchOptions): Promise<LaunchedEngine | 'locked'> {
  const key = randomBytes(32).toString('hex');
  const run = toRunFiles(await mkdtemp(`${files.runPrefix}${process.pid}.`));
  await writeFile(run.config, toEngineConfig(key), { mode: 0o600 });
  const child = spawnEngine(files, run, library);
  // The engine does this itself, unless it had to be forced; what cannot be removed now is by the next start.
  const cleanUp = async (): Promise<void> => {
    releaseOwner(files.owner, child.pid);
    await rm(run.dir, { recursive: true, force: true });
  };
  const exited = watchExit(child).finally(() => cleanUp().catch(() => undefined));
  const stop = (): Promise<void> => stopEngine(child, exited);
  try {
    const { pid } = child;
    if (pid === undefined) throw new ConsoleError('CLICKSPAN_CONSOLE_ENGINE_START', await exited);
    // At once, so that it can be ended by the next console if this one is killed now.
    await writeOwner(files, pid);
    const port = await waitForPort(run.port, exited, signal);
    if (port === 'locked') return 'locked';
    // Again, in case that another console tried to start in the same moment: the lock has decided.
    await writeOwner(files, pid);
    return { pid, address: { url: `http://127.0.0.1:${port}`, key }, exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function spawnEngine(files: EngineFiles, run: RunFiles, library: string): ChildProcess {
  const engineArguments = toEngineArguments({ ...run, data: files.data });
  return spawn(process.execPath, [ENGINE_ENTRY, library, run.dir, files.owner, ...engineArguments], {
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

async function waitForPort(
  path: string,
  exited: Promise<string>,
  signal: AbortSignal,
): Promise<number | 'locked'> {
  let lastWords: string | undefined;
  void exited.then((words) => (lastWords = words));
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS && !signal.aborted; waitedMs += POLL_MS) {
    const text = await readFile(path, 'utf8').catch(() => '');
    // The line's end tells that the port has been written whole.
    if (/^\d+\n/.test(text)) return Number.parseInt(text, 10);
    if (lastWords?.includes('Cannot lock file')) return 'locked';
    if (lastWords !== undefined) throw new ConsoleError('CLICKSPAN_CONSOLE_ENGINE_START', lastWords);
    await sleep(POLL_MS);
  }
  throw new ConsoleError(
    'CLICKSPAN_CONSOLE_ENGINE_START',
    signal.aborted ? 'It was told to stop.' : `It did not listen within ${START_TIMEOUT_MS} ms.`,
  );
}

async function stopEngine(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.stdin?.end();
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await exited;
  clearTimeout(force);
}
