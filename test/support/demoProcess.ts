import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const repository: string = resolve(import.meta.dirname, '../..');
const storefront = join(repository, 'examples/storefront');

/** The storefront's configuration as JSON, as far as tests change it. */
export interface StorefrontConfig {
  dataDir: string;
  environment: Record<string, string>;
  layers: string[];
  functions: Record<string, { code: string; environment?: Record<string, string>; [key: string]: unknown }>;
  httpApis: Record<string, { port?: number; [key: string]: unknown }>;
  queues: Record<string, { function?: string; [key: string]: unknown }>;
  sites: Record<string, { dir: string; port?: number }>;
  services: Record<string, { command: string[]; port?: number; [key: string]: unknown }>;
  ports?: Record<string, number>;
}

/** A configuration file of a test's own, in a folder that goes with it. */
export interface DemoConfig {
  readonly file: string;
  readonly folder: string;
  readonly dataDir: string;
  remove(): void;
}

/**
 * Writes the storefront's configuration with data of its own into a new folder.
 *
 * @param change what the test makes different
 */
export function writeDemoConfig(
  change: (config: StorefrontConfig, folder: string) => void = () => undefined,
): DemoConfig {
  const folder = mkdtempSync(join(tmpdir(), 'clickspan-demo-'));
  const config = JSON.parse(
    readFileSync(join(storefront, 'clickspan.config.json'), 'utf8'),
  ) as StorefrontConfig;
  const absolute = (path: string): string => resolve(storefront, path);
  config.dataDir = join(folder, 'data');
  config.layers = config.layers.map(absolute);
  for (const entry of Object.values(config.functions)) entry.code = absolute(entry.code);
  for (const site of Object.values(config.sites)) site.dir = absolute(site.dir);
  for (const service of Object.values(config.services)) {
    service.command = service.command.map((word) => (word.startsWith('standIns/') ? absolute(word) : word));
  }
  change(config, folder);
  const file = join(folder, 'clickspan.config.json');
  writeFileSync(file, JSON.stringify(config, null, 2));
  return {
    file,
    folder,
    dataDir: config.dataDir,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A running program with what it has written so far. */
export interface RunningProgram {
  readonly child: ChildProcess;
  readonly pid: number;
  out(): string;
  err(): string;
  /** Settles when it has ended: its status, or 128 + 15 and so on when a signal ended it. */
  readonly ended: Promise<number>;
  /** Waits until what it has written fits; throws with all of it when it ends or the time is over. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
}

/**
 * Starts a script of the repository under the Node that runs the tests.
 *
 * @param script relative to the repository
 * @param args its arguments
 */
export function startProgram(script: string, args: readonly string[]): RunningProgram {
  const environment = { ...process.env, NO_COLOR: '1' };
  // The tests' own order to end with their parent is not for what they start with no input.
  delete (environment as NodeJS.ProcessEnv)['CLICKSPAN_END_WITH_STDIN'];
  const child = spawn(process.execPath, [join(repository, script), ...args], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  let over = false;
  const ended = new Promise<number>((done) => {
    child.on('exit', (code, signal) => {
      over = true;
      done(code ?? (signal === 'SIGKILL' ? 137 : 143));
    });
  });
  const waitFor = async (pattern: RegExp, timeoutMs = 90_000): Promise<RegExpExecArray> => {
    for (const deadline = Date.now() + timeoutMs; ;) {
      const found = pattern.exec(out + err);
      if (found) return found;
      if (over || Date.now() > deadline) throw new Error(`No ${pattern} in:\n${out}\n${err}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  return { child, pid: child.pid!, out: () => out, err: () => err, ended, waitFor };
}

/** Runs the demo once and gives what it printed. */
export async function runDemoOnce(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const program = startProgram('examples/storefront/demo.ts', ['--once', ...args]);
  const closed = new Promise((done) => program.child.on('close', done));
  const status = await program.ended;
  await closed;
  return { status, out: program.out(), err: program.err() };
}
