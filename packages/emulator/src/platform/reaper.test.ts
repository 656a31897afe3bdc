import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { listProcessGroup, signalGroup } from './processGroup.ts';
import { startReaper } from './reaper.ts';
import type { Reaper } from './reaper.ts';

const groups: number[] = [];
let reaper: Reaper;
afterEach(async () => {
  await reaper.stop();
  for (const group of groups.splice(0)) signalGroup(group, 'SIGKILL');
});

/** A group of three, stopped like a frozen environment. */
async function stoppedGroup(): Promise<number> {
  const program = 'sleep 600 >&2 & sleep 600 >&2 & echo ready; wait';
  const child = spawn('sh', ['-c', program], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const group = child.pid!;
  groups.push(group);
  // Stopped in the middle of starting a process, a shell would wait for its child in another state.
  await once(child.stdout, 'data');
  signalGroup(group, 'SIGSTOP');
  await until(() => listProcessGroup(group).every(({ state }) => state === 'T'));
  expect(listProcessGroup(group)).toHaveLength(3);
  return group;
}

async function until(isSo: () => boolean): Promise<void> {
  const deadlineUnixMs = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > deadlineUnixMs) throw new Error('it never became so');
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

const isGone = (group: number): boolean => listProcessGroup(group).every(({ state }) => state === 'Z');

describe('a reaper', () => {
  it('ends what it watches when it is stopped, stopped processes too, and nothing that it was told to forget', async () => {
    reaper = startReaper();
    const all = [await stoppedGroup(), await stoppedGroup(), await stoppedGroup(), await stoppedGroup()];
    const [first, forgotten, second, third] = all as [number, number, number, number];
    for (const group of all) reaper.watch(group);
    reaper.forget(forgotten);
    await reaper.stop();
    for (const group of [first, second, third]) expect(isGone(group)).toBe(true);
    expect(listProcessGroup(forgotten).map(({ state }) => state)).toEqual(['T', 'T', 'T']);
  });

  it('removes the folders that it was told of', async () => {
    reaper = startReaper();
    const dirs = [
      await mkdtemp(join(tmpdir(), 'clickspan reaper $HOME ')),
      await mkdtemp(join(tmpdir(), 'clickspan-reaper-')),
    ];
    await writeFile(join(dirs[0]!, 'file'), '');
    for (const dir of dirs) reaper.removeAtEnd(dir);
    expect(() => reaper.removeAtEnd('relative')).toThrow(RangeError);
    await reaper.stop();
    for (const dir of dirs) expect(existsSync(dir)).toBe(false);
  });

  it('that is killed is followed by another, which knows what to watch', async () => {
    reaper = startReaper();
    const group = await stoppedGroup();
    reaper.watch(group);
    const { pid } = reaper;
    process.kill(pid!, 'SIGKILL');
    await until(() => reaper.pid !== pid);
    await reaper.stop();
    expect(isGone(group)).toBe(true);
  });

  it('does not heed the signals that end a terminal', async () => {
    reaper = startReaper();
    const { pid } = reaper;
    const group = await stoppedGroup();
    reaper.watch(group);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid!, signal);
    await reaper.stop();
    expect(isGone(group)).toBe(true);
  });
});
