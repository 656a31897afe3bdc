import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Reaper } from '@clickspan/emulator';
import { CliError } from '../../cliError.ts';
import { LOOPBACK } from '../../platform/freePorts.ts';

/** A process of the user's. */
export interface ServiceOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly dir: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Text of the line by which it says that it is ready; undefined: its port is asked. */
  readonly readyWhen: string | undefined;
  /** Ends the process group when this process is gone. */
  readonly reaper: Reaper;
  readonly onLine: (line: string) => void;
  /** Told when it ends without having been asked to. */
  readonly onEnd: (how: string) => void;
}

/** A running service. */
export interface Service {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const POLL_MS = 50;
/** Time for a service to end by itself after SIGTERM. */
const GRACE_MS = 2000;
/** So many of its last lines are shown when it does not start. */
const LINES_KEPT = 10;

/**
 * Starts a service in a process group of its own and waits until it is ready.
 *
 * @param options what to run
 * @returns the running service; throws a `CliError` with its last words when it ends or stays silent
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { reaper, port } = options;
  const child = spawnService(options);
  const lines: string[] = [];
  let ready = false;
  let stopping = false;
  const onLine = (line: string): void => {
    lines.push(line);
    if (lines.length > LINES_KEPT) lines.shift();
    if (options.readyWhen !== undefined && line.includes(options.readyWhen)) ready = true;
    options.onLine(line);
  };
  for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on('line', onLine);
  let ended: string | undefined;
  child.once('error', (error) => (ended ??= error.message));
  child.once('exit', (code, signal) => {
    ended ??= signal ? `was ended by ${signal}` : `ended with status ${code}`;
    if (child.pid !== undefined) reaper.forget(child.pid);
    if (ready && !stopping) options.onEnd(ended);
  });
  if (child.pid !== undefined) reaper.watch(child.pid);
  const stop = (): Promise<void> => {
    stopping = true;
    return stopGroup(child);
  };
  for (const deadline = Date.now() + READY_WITHIN_MS; !ready;) {
    if (ended !== undefined || Date.now() > deadline) {
      await stop();
      throw toStartError(options, ended, lines, await accepts(port));
    }
    if (options.readyWhen === undefined) ready = await accepts(port);
    if (!ready) await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return { url: `http://${LOOPBACK}:${port}`, pid: child.pid!, stop };
}

function toStartError(
  { name, command, port }: ServiceOptions,
  ended: string | undefined,
  lines: readonly string[],
  isPortTaken: boolean,
): CliError {
  // It is stopped by now: whoever answers there is somebody else.
  if (isPortTaken) {
    return new CliError(
      'CLICKSPAN_CLI_PORTS_CHANGED',
      `Port ${port} (service.${name}) is not to be had any more.`,
    );
  }
  const why = ended ?? `was not ready within ${READY_WITHIN_MS / 1000} s`;
  const words = lines.length > 0 ? `\n${lines.map((line) => `    ${line}`).join('\n')}` : '';
  return new CliError(
    'CLICKSPAN_CLI_SERVICE_FAILED',
    `services.${name} (${command.join(' ')}): ${why}.${words}`,
  );
}

function spawnService({ command, dir, port, environment }: ServiceOptions): ChildProcess {
  const [program = '', ...args] = command;
  // "node" means the Node that runs us: the one in PATH may be older than what the project is written for.
  return spawn(program === 'node' ? process.execPath : program, args, {
    cwd: dir,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: String(port), ...environment },
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function stopGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const force = setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS);
    child.once('exit', () => {
      clearTimeout(force);
      // What it started and left behind goes too.
      signalGroup(pid, 'SIGKILL');
      resolve();
    });
    signalGroup(pid, 'SIGTERM');
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone.
  }
}
