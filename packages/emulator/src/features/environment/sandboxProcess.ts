import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { signalGroup } from '../../platform/processGroup.ts';
import type { Reaper } from '../../platform/reaper.ts';
import { observeLines } from './logEvent.ts';

/** How a process ended. */
export interface ProcessExit {
  /** The platform's words for it, for example `exit status 1` or `signal: killed`; undefined after exit status 0. */
  readonly failure: string | undefined;
  /** It was never there: the file is none that can be run. */
  readonly neverStarted: boolean;
}

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly reaper: Reaper;
  readonly onLine: (source: 'stdout' | 'stderr', line: string) => void;
  /** Called once, whatever happens, never before the start has returned. */
  readonly onExit: (exit: ProcessExit) => void;
}

/** One process of a sandbox, the runtime or an external extension: first of a process group of its own. */
export interface SandboxProcess {
  readonly pid: number | undefined;
  /** Resolves when it is gone, after `onExit`. */
  readonly ended: Promise<void>;
  /** Stops every process of the group where it stands. */
  freeze(): void;
  /** Lets them run again. */
  thaw(): void;
  /** Asks the whole group to end. */
  terminate(): void;
  /** Ends the whole group at once, stopped or not. */
  kill(): void;
}

/**
 * Starts a process of a sandbox.
 *
 * @param options what to run, with what, and whom to tell
 */
export function startSandboxProcess(options: ProcessOptions): SandboxProcess {
  const { reaper } = options;
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.environment,
    // A session, and so a process group, of its own: what freezing and killing take hold of.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  let over = false;
  let whenEnded: () => void;
  const ended = new Promise<void>((resolve) => {
    whenEnded = resolve;
  });
  if (pid !== undefined) reaper.watch(pid);
  observeLines(child.stdout, (line) => options.onLine('stdout', line));
  observeLines(child.stderr, (line) => options.onLine('stderr', line));

  const finish = (exit: ProcessExit): void => {
    if (over) return;
    over = true;
    // What has left the group may hold the other ends for as long as it likes; that must not keep us running.
    for (const stream of [child.stdout, child.stderr]) (stream as Partial<Socket>).unref?.();
    if (pid !== undefined) {
      // What it had started itself must not outlive it.
      signalGroup(pid, 'SIGKILL');
      reaper.forget(pid);
    }
    options.onExit(exit);
    whenEnded();
  };
  child.once('error', (error) => finish({ failure: error.message, neverStarted: true }));
  child.once('exit', (code, signal) => finish({ failure: toFailure(code, signal), neverStarted: false }));

  const signal = (name: NodeJS.Signals): void => {
    // After the exit the number may belong to somebody else.
    if (!over && pid !== undefined) signalGroup(pid, name);
  };
  return {
    pid,
    ended,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    terminate: () => signal('SIGTERM'),
    kill: () => signal('SIGKILL'),
  };
}

const SIGNAL_WORDS: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGTERM: 'terminated',
  SIGSEGV: 'segmentation fault',
  SIGABRT: 'aborted',
};

function toFailure(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (signal) return `signal: ${SIGNAL_WORDS[signal] ?? signal}`;
  return code === 0 ? undefined : `exit status ${code}`;
}
