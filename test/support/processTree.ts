import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that can be told from a later one with the same pid. */
export interface TreeProcess {
  readonly pid: number;
  readonly parentPid: number;
  /** The kernel's letter: `T` is stopped, `Z` has ended and only waits to be noticed. */
  readonly state: string;
  readonly startedAt: string;
  readonly command: string;
}

/** Lists a process and everything that descends from it. Linux only. */
export function listProcessTree(pid: number): TreeProcess[] {
  const all = listProcesses();
  const tree = all.filter((one) => one.pid === pid);
  for (const parent of tree) tree.push(...all.filter((one) => one.parentPid === parent.pid));
  return tree;
}

/** Of some processes, those that are still there; what has ended and only waits for its parent does not count. */
export function filterAlive(processes: readonly TreeProcess[]): TreeProcess[] {
  const now = new Map(listProcesses().map((one) => [one.pid, one]));
  return processes.filter(({ pid, startedAt }) => {
    const found = now.get(pid);
    return found !== undefined && found.startedAt === startedAt && found.state !== 'Z';
  });
}

/** Lists the TCP ports on which some processes listen. Linux only. */
export function listListeningPorts(processes: readonly TreeProcess[]): number[] {
  const inodes = new Set(processes.flatMap(({ pid }) => listSocketInodes(pid)));
  return listListeners().flatMap(({ port, inode }) => (inodes.has(inode) ? [port] : []));
}

/** Of some ports, those on which anybody listens. Linux only. */
export function filterListening(ports: readonly number[]): number[] {
  const listening = new Set(listListeners().map(({ port }) => port));
  return ports.filter((port) => listening.has(port));
}

function listProcesses(): TreeProcess[] {
  return readdirSync('/proc').flatMap((name): TreeProcess[] => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      // The command in parentheses may hold spaces and parentheses itself.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
      return [
        {
          pid: Number(name),
          parentPid: Number(fields[1]),
          state: fields[0]!,
          startedAt: fields[19]!,
          command: command.slice(0, 200),
        },
      ];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
}

function listSocketInodes(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        return inode === undefined ? [] : [inode];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

const LISTEN = '0A';

function listListeners(): { port: number; inode: string }[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    readTable(table).flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      if (fields[3] !== LISTEN) return [];
      return [{ port: Number.parseInt(fields[1]!.split(':')[1]!, 16), inode: fields[9]! }];
    }),
  );
}

function readTable(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n').slice(1);
  } catch {
    // No IPv6 here.
    return [];
  }
}
