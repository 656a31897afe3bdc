import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/** A small process of its own that ends process groups when this process is gone. */
export interface Reaper {
  readonly pid: number | undefined;
  /** From now on the group shall not outlive this process. */
  watch(processGroupId: number): void;
  /** The group has ended, or may live on. */
  forget(processGroupId: number): void;
  /** The folder shall not outlive this process either, with all that is in it. Absolute, without a line end. */
  removeAtEnd(dir: string): void;
  /** Ends the groups still watched, then the reaper itself. */
  stop(): Promise<void>;
}

/**
 * The reaper's whole program. A shell, because it must be light, run everywhere and never be stopped itself. Its only
 * input is the pipe from us; the end of that pipe means that we are gone, however we went. A stopped process takes
 * SIGKILL without being continued first; the SIGCONT afterwards is for systems that hold it back until then. A group
 * that is gone is not tried again: its number may soon be somebody else's.
 */
const PROGRAM = `
trap '' HUP INT TERM QUIT TSTP TTIN TTOU PIPE
groups=' '
while read -r word group; do
  case $word in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
    rm) set -- "$@" "$group" ;;
  esac
done
tries=0
while [ $tries -lt 20 ]; do
  left=
  for group in $groups; do
    if kill -s KILL -- "-$group" 2>/dev/null; then kill -s CONT -- "-$group" 2>/dev/null; left="$left $group"; fi
  done
  groups=$left
  [ -z "$groups" ] && break
  tries=$((tries + 1))
  sleep 0.1
done
for dir; do rmdir -- "$dir" 2>/dev/null || rm -rf -- "$dir"; done
`;

/**
 * Starts the reaper. A stopped (frozen) process outlives its parent, and nobody can clean up after a SIGKILL of its
 * own, so something that is never frozen and in a session of its own must: it holds the reading end of a pipe, and
 * when the last writer is gone it kills every group it was told of, within two seconds.
 */
export function startReaper(): Reaper {
  const groups = new Set<number>();
  const dirs = new Set<string>();
  let stopped = false;
  let child = spawnReaper();

  function spawnReaper(): ChildProcess {
    const started = spawn('/bin/sh', ['-c', PROGRAM], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    });
    started.unref();
    (started.stdin as Partial<Socket>).unref?.();
    // Writing to a reaper that somebody has ended is answered by its exit below.
    started.stdin.on('error', () => undefined);
    started.on('error', () => undefined);
    started.once('exit', () => {
      if (stopped || child !== started) return;
      child = spawnReaper();
      for (const group of groups) child.stdin!.write(`+ ${group}\n`);
      for (const dir of dirs) child.stdin!.write(`rm ${dir}\n`);
    });
    return started;
  }

  return {
    get pid() {
      return child.pid;
    },
    watch: (group) => {
      if (stopped || groups.has(group)) return;
      groups.add(group);
      child.stdin!.write(`+ ${group}\n`);
    },
    forget: (group) => {
      if (groups.delete(group) && !stopped) child.stdin!.write(`- ${group}\n`);
    },
    removeAtEnd: (dir) => {
      if (!dir.startsWith('/') || dir.includes('\n'))
        throw new RangeError(`not an absolute path of one line: ${dir}`);
      dirs.add(dir);
      if (!stopped) child.stdin!.write(`rm ${dir}\n`);
    },
    stop: () => {
      stopped = true;
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
        return Promise.resolve();
      child.ref();
      return new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.stdin!.end();
      });
    },
  };
}
