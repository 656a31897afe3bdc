import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const serve: string = resolve(import.meta.dirname, '../../packages/console/dist/entries/serve.js');

/** A console in a process of its own. */
export interface ConsoleProcess {
  readonly pid: number;
  readonly collectorUrl: string;
  readonly consoleUrl: string;
  /** As it was when the console had started; `undefined` with an external engine. */
  readonly engine: { readonly pid: number; readonly url: string } | undefined;
  /** Everything that it has written to its log so far. */
  readonly log: () => string;
  /** Sends a signal and waits for the end. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT') => Promise<number | null>;
}

/** A console that did not start. */
export class ConsoleStartError extends Error {}

/**
 * Starts the built console and waits until it listens.
 *
 * @param dataDir its data directory
 * @param environment added to ours; ports are free ones unless set here
 * @throws ConsoleStartError with its log when it ends instead
 */
export async function startConsoleProcess(
  dataDir: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<ConsoleProcess> {
  const child = spawn(process.execPath, [serve, '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CLICKSPAN_COLLECTOR_PORT: '0', CLICKSPAN_CONSOLE_PORT: '0', ...environment },
  });
  let [out, log] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = new Promise<number | null>((done) => child.once('close', done));
  const ready = await new Promise<Pick<ConsoleProcess, 'collectorUrl' | 'consoleUrl' | 'engine'>>(
    (done, fail) => {
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
        if (out.includes('\n')) done(JSON.parse(out) as ConsoleProcess);
      });
      void exited.then((code) =>
        fail(new ConsoleStartError(`The console ended with status ${code}: ${log}`)),
      );
    },
  );
  return {
    pid: child.pid!,
    ...ready,
    log: () => log,
    end(signal): Promise<number | null> {
      child.kill(signal);
      return exited;
    },
  };
}

/** Whether a process runs; what nobody has collected yet does not count. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
