import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** What the operating system tells about a process. */
export interface ProcessDescription {
  /** Changes when a pid is used again; comparable only with itself. */
  readonly startedAt: string;
  readonly command: string;
}

/**
 * Describes a running process.
 *
 * @returns `undefined` when there is none with that pid, or only its remains that nobody has collected
 */
export async function describeProcess(pid: number): Promise<ProcessDescription | undefined> {
  return process.platform === 'linux' ? await readProc(pid) : await askPs(pid);
}

/** Sends a signal; a process that is gone already is no error. */
export function signalProcess(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, or not ours: either way there is nothing left to do here.
  }
}

async function readProc(pid: number): Promise<ProcessDescription | undefined> {
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    // The second field is the name in parentheses and may hold anything, so count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X' || !startTicks) return undefined;
    return { startedAt: startTicks, command: command.replaceAll('\0', ' ').trim() };
  } catch {
    return undefined;
  }
}

function askPs(pid: number): Promise<ProcessDescription | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'state=,lstart=,command=', '-ww', '-p', String(pid)], (error, stdout) => {
      // "S Mon Nov 23 12:00:00 2026 command": one word of state, five of start time.
      const match = /^(\S+)\s+((?:\S+\s+){4}\S+)\s+(.*)$/s.exec(stdout.trim());
      if (error || !match || match[1]!.startsWith('Z')) resolve(undefined);
      else resolve({ startedAt: match[2]!, command: match[3]! });
    });
  });
}
