import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** One member of a process group. */
export interface GroupMember {
  readonly pid: number;
  /** The kernel's letter: `R` running, `S` sleeping, `D` uninterruptible, `T` stopped, `Z` zombie. */
  readonly state: string;
}

/**
 * Sends a signal to every process of a group.
 *
 * @param processGroupId the group, which is the pid of its first process; above 1
 * @param signal the signal, or 0 to ask whether the group exists
 * @returns false when no such group is left
 */
export function signalGroup(processGroupId: number, signal: NodeJS.Signals | 0): boolean {
  // -1 would mean every process of the user, and 0 our own group.
  if (!Number.isInteger(processGroupId) || processGroupId <= 1)
    throw new RangeError(`no process group ${processGroupId}`);
  try {
    process.kill(-processGroupId, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // macOS answers EPERM for a group of zombies only.
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/**
 * Lists the processes of a group, zombies included.
 *
 * @param processGroupId the group
 */
export function listProcessGroup(processGroupId: number): readonly GroupMember[] {
  return process.platform === 'linux' ? listFromProc(processGroupId) : listFromPs(processGroupId);
}

function listFromProc(processGroupId: number): readonly GroupMember[] {
  const members: GroupMember[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      // The command in parentheses may hold spaces and parentheses itself.
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(group) === processGroupId) members.push({ pid: Number(name), state: state ?? '?' });
    } catch {
      // It ended while we looked.
    }
  }
  return members;
}

function listFromPs(processGroupId: number): readonly GroupMember[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,pgid=,stat='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [pid, group, stat] = line.trim().split(/\s+/);
    return Number(group) === processGroupId && stat ? [{ pid: Number(pid), state: stat.charAt(0) }] : [];
  });
}
