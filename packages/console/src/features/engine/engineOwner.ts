import { readFileSync, rmSync } from 'node:fs';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleError } from '../../consoleError.ts';
import { describeProcess, signalProcess } from '../../platform/processes.ts';
import type { EngineFiles } from './engineFiles.ts';

/** A process that can be told from a later one with the same pid. */
interface Identity {
  readonly pid: number;
  readonly startedAt: string;
}

interface Owner {
  readonly console: Identity;
  readonly engine?: Identity;
}

/** An engine ends within milliseconds of SIGTERM; one that is stuck gets no longer than this. */
const TERM_GRACE_MS = 3_000;
const POLL_MS = 20;

/**
 * Makes sure that nobody lives on the data directory: an engine that has outlived its console is ended.
 *
 * @throws ConsoleError `CLICKSPAN_CONSOLE_DATA_DIR_TAKEN` when the console that owns it is alive
 */
export async function clearDataDir(files: EngineFiles): Promise<void> {
  const owner = readOwner(files.owner);
  if (!owner) return;
  const engineLives = owner.engine !== undefined && (await isEngine(owner.engine, files.data));
  // Our own engine of before may have died, and then the directory is still ours.
  const taken = owner.console.pid === process.pid ? engineLives : await isAlive(owner.console);
  if (taken) {
    throw new ConsoleError(
      'CLICKSPAN_CONSOLE_DATA_DIR_TAKEN',
      `It is process ${owner.console.pid}. Stop that one, or use another data directory.`,
    );
  }
  if (owner.engine && engineLives) await endProcess(owner.engine);
  await rm(files.owner, { force: true });
}

/** Removes what starts have left behind whose engine and console were both killed; the directory names the console. */
export async function removeOldRuns({ runPrefix }: EngineFiles): Promise<void> {
  const [folder, prefix] = [dirname(runPrefix), basename(runPrefix)];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix)) continue;
    const consolePid = Number.parseInt(name.slice(prefix.length), 10);
    const isOver = !(await describeProcess(consolePid));
    if (isOver) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Writes down who owns the directory, so that the next console can tell. */
export async function writeOwner(files: EngineFiles, enginePid: number): Promise<void> {
  const [self, engine] = await Promise.all([describeProcess(process.pid), describeProcess(enginePid)]);
  if (!self || !engine) return;
  const owner: Owner = {
    console: { pid: process.pid, startedAt: self.startedAt },
    engine: { pid: enginePid, startedAt: engine.startedAt },
  };
  // Renamed into place: a reader never sees half of it.
  const draft = `${files.owner}.${process.pid}`;
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
  await rename(draft, files.owner);
}

/** Gives the directory up at the end of an engine, unless it belongs to a later one. In one step, for the end of a process. */
export function releaseOwner(path: string, enginePid: number | undefined): void {
  if (readOwner(path)?.engine?.pid === enginePid) rmSync(path, { force: true });
}

function readOwner(path: string): Owner | undefined {
  try {
    const parsed = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner> | null;
    return parsed && isIdentity(parsed.console) && (parsed.engine === undefined || isIdentity(parsed.engine))
      ? (parsed as Owner)
      : undefined;
  } catch {
    return undefined;
  }
}

function isIdentity(value: unknown): value is Identity {
  const { pid, startedAt } = (value ?? {}) as Partial<Identity>;
  return Number.isSafeInteger(pid) && (pid as number) > 1 && typeof startedAt === 'string';
}

async function isAlive({ pid, startedAt }: Identity): Promise<boolean> {
  return (await describeProcess(pid))?.startedAt === startedAt;
}

/** A pid from a file is only believed when the process started at the same moment and works on our directory. */
async function isEngine({ pid, startedAt }: Identity, dataPath: string): Promise<boolean> {
  const found = await describeProcess(pid);
  return found?.startedAt === startedAt && found.command.includes(`--path=${dataPath}`);
}

async function endProcess(identity: Identity): Promise<void> {
  signalProcess(identity.pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < TERM_GRACE_MS; waitedMs += POLL_MS) {
    if (!(await isAlive(identity))) return;
    await sleep(POLL_MS);
  }
  signalProcess(identity.pid, 'SIGKILL');
  while (await isAlive(identity)) await sleep(POLL_MS);
}
