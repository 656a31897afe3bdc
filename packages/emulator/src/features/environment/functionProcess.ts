import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { signalGroup } from '../../platform/processGroup.ts';
import type { Reaper } from '../../platform/reaper.ts';
import type { FunctionSettings, RuntimeName } from './functionConfig.ts';
import { observeLines } from './logEvent.ts';
import type { RuntimeClient } from './runtimeClient.ts';

/** How a runtime process ended. */
export interface ProcessExit {
  /** The platform's words for it, for example `exit status 1` or `signal: killed`. */
  readonly reason: string;
  readonly errorType: 'Runtime.ExitError' | 'Runtime.InvalidEntrypoint';
}

export interface FunctionProcessOptions {
  readonly settings: FunctionSettings;
  readonly client: RuntimeClient;
  readonly environment: Readonly<Record<string, string>>;
  readonly reaper: Reaper;
  readonly onLine: (source: 'stdout' | 'stderr', line: string) => void;
  readonly onExit: (exit: ProcessExit) => void;
}

/** The runtime process of one environment, first of a process group of its own. */
export interface FunctionProcess {
  readonly pid: number | undefined;
  /** Stops every process of the group where it stands. */
  freeze(): void;
  /** Lets them run again. */
  thaw(): void;
  /** Ends the whole group at once, stopped or not. */
  kill(): void;
}

/** The shares of the function's memory that the platform gives the heap's old and new generation. */
const OLD_SPACE_SHARE = 0.9;
const SEMI_SPACE_SHARE = 0.05;

/**
 * Starts the runtime process. `onExit` is called once, whatever happens, never before this returns.
 *
 * @param options what to run, with what, and whom to tell
 */
export function startFunctionProcess(options: FunctionProcessOptions): FunctionProcess {
  const { reaper } = options;
  const [command, args] = toCommand(options);
  const child: ChildProcess = spawn(command, args, {
    cwd: options.settings.codeDir,
    env: options.environment,
    // A session, and so a process group, of its own: what freezing and killing take hold of.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  let over = false;
  if (pid !== undefined) reaper.watch(pid);
  observeLines(child.stdout!, (line) => options.onLine('stdout', line));
  observeLines(child.stderr!, (line) => options.onLine('stderr', line));

  const finish = (exit: ProcessExit): void => {
    if (over) return;
    over = true;
    // What has left the group may hold the other ends for as long as it likes; that must not keep us running.
    for (const stream of [child.stdout, child.stderr]) (stream as Partial<Socket> | null)?.unref?.();
    if (pid !== undefined) {
      // What the function had started itself must not outlive its environment.
      signalGroup(pid, 'SIGKILL');
      reaper.forget(pid);
    }
    options.onExit(exit);
  };
  child.once('error', (error) => finish({ reason: error.message, errorType: 'Runtime.InvalidEntrypoint' }));
  child.once('exit', (code, signal) =>
    finish({ reason: toReason(code, signal), errorType: 'Runtime.ExitError' }),
  );

  const signal = (name: NodeJS.Signals): void => {
    // After the exit the number may belong to somebody else.
    if (!over && pid !== undefined) signalGroup(pid, name);
  };
  return {
    pid,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    kill: () => signal('SIGKILL'),
  };
}

function toCommand({ settings, client, environment }: FunctionProcessOptions): [string, readonly string[]] {
  const node = [
    client.nodePath,
    ...toDisabledFeatures(settings.runtime, environment['NODE_OPTIONS'] ?? ''),
    `--max-semi-space-size=${Math.max(1, Math.floor(settings.memoryMb * SEMI_SPACE_SHARE))}`,
    `--max-old-space-size=${Math.floor(settings.memoryMb * OLD_SPACE_SHARE)}`,
    ...(client.preloadPath === undefined ? [] : ['--require', client.preloadPath]),
    client.entryPath,
  ];
  // The platform starts the wrapper in the runtime's place, with the runtime's whole command line as its arguments.
  const wrapper = environment['AWS_LAMBDA_EXEC_WRAPPER'];
  return wrapper ? [wrapper, node] : [node[0]!, node.slice(1)];
}

/**
 * What the platform switches off in a runtime's Node unless NODE_OPTIONS asks for it
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html, "experimental features").
 */
const DISABLED_FEATURES: Readonly<Record<RuntimeName, readonly string[]>> = {
  'nodejs20.x': ['require-module'],
  'nodejs22.x': ['require-module', 'detect-module'],
  'nodejs24.x': [],
};

function toDisabledFeatures(runtime: RuntimeName, nodeOptions: string): readonly string[] {
  const wanted = nodeOptions.split(/\s+/);
  return DISABLED_FEATURES[runtime]
    .filter((feature) => !wanted.includes(`--experimental-${feature}`))
    .map((feature) => `--no-experimental-${feature}`);
}

const SIGNAL_WORDS: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGTERM: 'terminated',
  SIGSEGV: 'segmentation fault',
  SIGABRT: 'aborted',
};

function toReason(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal) return `Runtime exited with error: signal: ${SIGNAL_WORDS[signal] ?? signal}`;
  return code === 0
    ? 'Runtime exited without providing a reason'
    : `Runtime exited with error: exit status ${code}`;
}
