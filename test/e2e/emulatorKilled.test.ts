import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { listProcessGroup } from '@clickspan/emulator';
import { sleep, writeCode } from '../support/lambdaFixture.ts';
import type { Code } from '../support/lambdaFixture.ts';

const FUNCTION = `
  import { spawn } from 'node:child_process';
  spawn('sleep', ['600'], { stdio: 'ignore' });
  export const handler = ({ workMs }) => new Promise((resolve) => setTimeout(resolve, workMs));
`;

let code: Code | undefined;
let child: ChildProcess | undefined;
let groups: readonly number[] = [];
afterEach(async () => {
  child?.kill('SIGKILL');
  // When this test fails its processes must not stay.
  for (const group of groups.filter((each) => living(each) > 0)) process.kill(-group, 'SIGKILL');
  await code?.remove();
});

interface Started {
  readonly groups: readonly number[];
  readonly urls: readonly string[];
}

async function startProcess(
  codeDir: string,
): Promise<{ readonly process: ChildProcess; readonly started: Started }> {
  const script = fileURLToPath(new URL('../support/emulatorProcess.ts', import.meta.url));
  const env = { ...process.env, TMPDIR: codeDir };
  const started = spawn(process.execPath, [script, codeDir], { stdio: ['ignore', 'pipe', 'inherit'], env });
  child = started;
  let text = '';
  for await (const chunk of started.stdout) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return { process: started, started: JSON.parse(text) as Started };
}

it('a killed emulator leaves no process, listener or folder, frozen, working or watching', async () => {
  code = await writeCode(FUNCTION);
  const { process: emulator, started } = await startProcess(code.codeDir);
  groups = started.groups;
  const reapers = childrenOf(emulator.pid!).filter((pid) => !started.groups.includes(pid));
  expect(reapers).toHaveLength(1);
  for (const group of started.groups) expect(listProcessGroup(group).length).toBeGreaterThanOrEqual(2);

  emulator.kill('SIGKILL');
  const deadlineUnixMs = Date.now() + 6000;
  const left = (): number[] => [...started.groups, ...reapers].filter((group) => living(group) > 0);
  // oxlint-disable-next-line no-await-in-loop -- polling
  while (left().length > 0 && Date.now() < deadlineUnixMs) await sleep(50);
  expect(left()).toEqual([]);
  expect(readdirSync(code.codeDir)).toEqual(['index.mjs']);
  for (const url of started.urls) {
    // oxlint-disable-next-line no-await-in-loop
    await expect(fetch(url)).rejects.toThrow();
  }
});

/** Where nobody collects orphans, ended processes stay on the list as zombies. */
function living(group: number): number {
  return listProcessGroup(group).filter(({ state }) => state !== 'Z').length;
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
      return Number(fields[1]) === parent ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
