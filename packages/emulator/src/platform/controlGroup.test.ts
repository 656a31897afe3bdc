import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createControlGroup } from './controlGroup.ts';
import type { ControlGroupPlaces } from './controlGroup.ts';

// Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html, and https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
// and .../scheduler/sched-bwc.html. What the kernel then does with what is written is tested where it has such groups
// (test/e2e/emulatorLifecycle.test.ts); here a tree of files takes its place.

let root: string;
let places: ControlGroupPlaces;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'clickspan-cgroup-'));
  places = { root, ownPath: join(root, 'own') };
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Lays files into the tree. */
function lay(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const create = (
  memoryMb: number | undefined,
  cpus: number | undefined,
): ReturnType<typeof createControlGroup> => createControlGroup('group', { memoryMb, cpus }, places);

describe.skipIf(process.platform !== 'linux')('a control group (needs Linux)', () => {
  it('of version 2 is below our own, which hands down what is wanted', () => {
    lay({ 'cgroup.controllers': 'cpu memory', own: '0::/\n', 'cgroup.subtree_control': 'memory pids\n' });
    const group = create(128, 0.5)!;
    expect(group).toMatchObject({ version: 2, dirs: [join(root, 'group')] });
    expect([read('cgroup.subtree_control'), read('group/memory.max'), read('group/cpu.max')]).toEqual([
      '+cpu',
      String(128 * 1024 * 1024),
      '50000 100000',
    ]);
    group.add(4711);
    expect(read('group/cgroup.procs')).toBe('4711');
    expect(group.oomKills()).toBe(0);
    lay({ 'group/memory.events': 'low 0\noom 3\noom_kill 2\noom_group_kill 0\n' });
    expect(group.oomKills()).toBe(2);
  });

  it('of version 2 is beside our own, where that has processes and hands down nothing', () => {
    lay({
      'cgroup.controllers': 'memory',
      own: '0::/app.slice/us.scope\n',
      'app.slice/cgroup.subtree_control': 'memory',
    });
    // Not to be written, as with a group that has processes.
    mkdirSync(join(root, 'app.slice/us.scope/cgroup.subtree_control'), { recursive: true });
    expect(create(128, undefined)?.dirs).toEqual([join(root, 'app.slice/group')]);
    expect(existsSync(join(root, 'app.slice/group/cpu.max'))).toBe(false);
  });

  it('is none where nothing hands down what is wanted, and leaves nothing', () => {
    lay({ 'cgroup.controllers': 'memory', own: '0::/\n' });
    expect([create(128, undefined), existsSync(join(root, 'group'))]).toEqual([undefined, false]);
  });

  it('of version 1 is one folder for each controller', () => {
    lay({ own: '4:memory:/ours\n1:cpu,cpuacct:/\n', 'memory/ours/tasks': '', 'cpu/tasks': '' });
    const group = create(256, 2)!;
    expect(group).toMatchObject({
      version: 1,
      dirs: [join(root, 'memory/ours/group'), join(root, 'cpu/group')],
    });
    expect([
      read('memory/ours/group/memory.limit_in_bytes'),
      read('cpu/group/cpu.cfs_period_us'),
      read('cpu/group/cpu.cfs_quota_us'),
    ]).toEqual([String(256 * 1024 * 1024), '100000', '200000']);
    lay({ 'memory/ours/group/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n' });
    expect(group.oomKills()).toBe(1);
  });
});
