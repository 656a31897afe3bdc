import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a control group holds its processes to. */
export interface ControlLimits {
  /** Undefined means any. */
  readonly memoryMb: number | undefined;
  /** How many processors' time; undefined means any. */
  readonly cpus: number | undefined;
}

/** Processes that the kernel holds to limits together. */
export interface ControlGroup {
  readonly version: 1 | 2;
  /** The folders that stand for it. */
  readonly dirs: readonly string[];
  add(pid: number): void;
  /** How many of its processes the kernel has killed for want of memory so far. */
  oomKills(): number;
  /** Takes it away; its processes must be gone, and a few may take a moment to be so. */
  remove(): void;
}

/** Where the kernel shows control groups, and which of them a process is in. */
export interface ControlGroupPlaces {
  readonly root: string;
  /** In the form of `/proc/self/cgroup`. */
  readonly ownPath: string;
}

const PLACES: ControlGroupPlaces = { root: '/sys/fs/cgroup', ownPath: '/proc/self/cgroup' };
/** The kernel's period of accounting, its own default. */
const CPU_PERIOD_US = 100_000;
const REMOVE_TRIES = 20;
const REMOVE_PAUSE_MS = 50;

/**
 * Makes a control group, of version 2 or 1, whichever the system has and lets us write.
 *
 * @param name a name that no other group has
 * @param limits what to hold its processes to
 * @param places where the kernel shows them; this machine's, unless for tests
 * @returns undefined where there are none, or none that this process may make
 */
export function createControlGroup(
  name: string,
  limits: ControlLimits,
  places: ControlGroupPlaces = PLACES,
): ControlGroup | undefined {
  if (process.platform !== 'linux') return undefined;
  const isVersion2 = existsSync(join(places.root, 'cgroup.controllers'));
  try {
    return isVersion2 ? createVersion2(name, limits, places) : createVersion1(name, limits, places);
  } catch {
    return undefined;
  }
}

function createVersion2(
  name: string,
  { memoryMb, cpus }: ControlLimits,
  places: ControlGroupPlaces,
): ControlGroup {
  const wanted = [...(memoryMb === undefined ? [] : ['memory']), ...(cpus === undefined ? [] : ['cpu'])];
  const dir = join(findParent(wanted, places), name);
  return made([dir], () => {
    if (memoryMb !== undefined) {
      writeFileSync(join(dir, 'memory.max'), String(toBytes(memoryMb)));
      writeIfThere(join(dir, 'memory.swap.max'), '0');
    }
    if (cpus !== undefined)
      writeFileSync(join(dir, 'cpu.max'), `${Math.round(cpus * CPU_PERIOD_US)} ${CPU_PERIOD_US}`);
    return { version: 2, oomKills: () => readCount(join(dir, 'memory.events'), 'oom_kill') };
  });
}

/**
 * Finds where a group of version 2 can be: below our own, or beside it. A group that has processes of its own, as ours has,
 * can hand no controllers down unless it is the root (https://docs.kernel.org/admin-guide/cgroup-v2.html, "No Internal
 * Process Constraint").
 */
function findParent(wanted: readonly string[], places: ControlGroupPlaces): string {
  const own = readOwnPath('', places);
  const parents = [own, ...(own === '/' ? [] : [dirname(own)])].map((path) => join(places.root, path));
  const parent = parents.find((dir) => tryHandDown(dir, wanted));
  if (parent === undefined) throw new Error(`no control group hands down ${wanted.join(' and ')}`);
  return parent;
}

function tryHandDown(dir: string, wanted: readonly string[]): boolean {
  const path = join(dir, 'cgroup.subtree_control');
  try {
    const given = readFileSync(path, 'utf8').split(/\s+/);
    const missing = wanted.filter((each) => !given.includes(each));
    if (missing.length > 0) writeFileSync(path, missing.map((each) => `+${each}`).join(' '));
    return true;
  } catch {
    return false;
  }
}

function createVersion1(
  name: string,
  { memoryMb, cpus }: ControlLimits,
  places: ControlGroupPlaces,
): ControlGroup {
  const dirOf = (controller: string): string =>
    join(places.root, controller, readOwnPath(controller, places), name);
  const memoryDir = dirOf('memory');
  const cpuDir = dirOf('cpu');
  const dirs = [...(memoryMb === undefined ? [] : [memoryDir]), ...(cpus === undefined ? [] : [cpuDir])];
  return made(dirs, () => {
    if (memoryMb !== undefined) {
      writeFileSync(join(memoryDir, 'memory.limit_in_bytes'), String(toBytes(memoryMb)));
      writeIfThere(join(memoryDir, 'memory.memsw.limit_in_bytes'), String(toBytes(memoryMb)));
    }
    if (cpus !== undefined) {
      writeFileSync(join(cpuDir, 'cpu.cfs_period_us'), String(CPU_PERIOD_US));
      writeFileSync(join(cpuDir, 'cpu.cfs_quota_us'), String(Math.round(cpus * CPU_PERIOD_US)));
    }
    return { version: 1, oomKills: () => readCount(join(memoryDir, 'memory.oom_control'), 'oom_kill') };
  });
}

/** Makes the folders, sets the limits, and takes the folders away again when that fails. */
function made(
  dirs: readonly string[],
  limit: () => Pick<ControlGroup, 'version' | 'oomKills'>,
): ControlGroup {
  const remove = (triesLeft: number): void => {
    const left = dirs.filter((dir) => !tryRemove(dir));
    if (left.length > 0 && triesLeft > 0) setTimeout(() => remove(triesLeft - 1), REMOVE_PAUSE_MS).unref();
  };
  try {
    for (const dir of dirs) mkdirSync(dir);
    return {
      ...limit(),
      dirs,
      add: (pid) => {
        for (const dir of dirs) writeFileSync(join(dir, 'cgroup.procs'), String(pid));
      },
      remove: () => remove(REMOVE_TRIES),
    };
  } catch (error) {
    remove(0);
    throw error;
  }
}

function tryRemove(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch {
    return !existsSync(dir);
  }
}

/** Where this process itself is. */
function readOwnPath(controller: string, { ownPath }: ControlGroupPlaces): string {
  for (const line of readFileSync(ownPath, 'utf8').split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (line !== '' && controllers.split(',').includes(controller)) return path;
  }
  throw new Error(`no control group of ${controller}`);
}

function readCount(path: string, key: string): number {
  try {
    return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function writeIfThere(path: string, text: string): void {
  if (existsSync(path)) writeFileSync(path, text);
}

function toBytes(mb: number): number {
  return mb * 1024 * 1024;
}
