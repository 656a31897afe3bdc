import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { listProcessGroup, listRuntimeClients, startEmulator } from '@clickspan/emulator';
import type {
  Emulator,
  EmulatorOptions,
  EnvironmentRecord,
  FunctionConfig,
  RuntimeClientKind,
  RuntimeName,
} from '@clickspan/emulator';

/** Waits are for slow machines; nothing here takes long when it works. */
const DEADLINE_MS = 30_000;

/**
 * The native halves to test with. Without a compiler that is the stand-in alone; where the native half is required
 * and missing, loading a test fails.
 *
 * @param runtime whose client
 */
export function runtimeClientsToTest(runtime: RuntimeName = 'nodejs24.x'): readonly RuntimeClientKind[] {
  const clients = listRuntimeClients(runtime);
  if (process.env['REQUIRE_NATIVE'] === '1' && !clients.includes('native')) {
    throw new Error('REQUIRE_NATIVE=1, but the native half is not built: node scripts/buildNative.mjs');
  }
  return clients;
}

/** A folder of function code. */
export interface Code {
  readonly codeDir: string;
  readonly remove: () => Promise<void>;
}

/**
 * Writes the code of a function into a folder of its own.
 *
 * @param source the text of `index.mjs`
 * @param more further files by name, in folders too
 */
export async function writeCode(source: string, more: Readonly<Record<string, string>> = {}): Promise<Code> {
  const codeDir = await mkdtemp(join(tmpdir(), 'clickspan-function-'));
  const files = Object.entries({ 'index.mjs': source, ...more });
  for (const [name, text] of files) {
    await mkdir(dirname(join(codeDir, name)), { recursive: true });
    await writeFile(join(codeDir, name), text);
  }
  return { codeDir, remove: () => rm(codeDir, { recursive: true, force: true }) };
}

/** An emulator with functions from source text, for one test. */
export interface Stage {
  readonly emulator: Emulator;
  /** Every line of functions and platform, as `function source line`. */
  readonly log: readonly string[];
  environments(functionName?: string): readonly EnvironmentRecord[];
  stop(): Promise<void>;
}

export type StageFunction = Omit<FunctionConfig, 'codeDir' | 'handler'> & {
  readonly source: string;
  /** Further files beside it, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** `index.handler` when left out. */
  readonly handler?: string;
};

/**
 * Starts an emulator whose functions are given as text of `index.mjs` with an export `handler`.
 *
 * @param functions the functions
 * @param options what else the emulator shall be
 */
export async function startStage(
  functions: readonly StageFunction[],
  options: Omit<EmulatorOptions, 'functions'> = {},
): Promise<Stage> {
  const codes = await Promise.all(functions.map(({ source, files }) => writeCode(source, files)));
  const log: string[] = [];
  const removeAll = (): Promise<unknown> => Promise.all(codes.map((code) => code.remove()));
  try {
    const emulator = await startEmulator({
      onLog: ({ functionName, source, line }) => log.push(`${functionName} ${source} ${line}`),
      ...options,
      functions: functions.map((config, index) => ({
        handler: 'index.handler',
        ...config,
        codeDir: codes[index]!.codeDir,
      })),
    });
    return {
      emulator,
      log,
      environments: (name) =>
        emulator.environments().filter(({ functionName }) => name === undefined || functionName === name),
      stop: async () => {
        await emulator.stop();
        await removeAll();
      },
    };
  } catch (error) {
    await removeAll();
    throw error;
  }
}

/**
 * Lists the states of a process group's members but those that have ended: where nobody collects orphans, they stay on
 * the list as zombies.
 *
 * @param processGroupId the group
 */
export function livingStates(processGroupId: number): readonly string[] {
  return listProcessGroup(processGroupId)
    .map(({ state }) => state)
    .filter((state) => state !== 'Z');
}

/**
 * Waits until something is so.
 *
 * @param what is said when it never becomes so
 * @param isSo looks; what it throws counts as not yet
 */
export async function until(what: string, isSo: () => unknown): Promise<void> {
  const deadlineUnixMs = Date.now() + DEADLINE_MS;
  let last: unknown;
  while (Date.now() < deadlineUnixMs) {
    try {
      if (await isSo()) return;
    } catch (error) {
      last = error;
    }
    await sleep(20);
  }
  throw new Error(`within ${DEADLINE_MS} ms it did not become so: ${what}`, { cause: last });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
