import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { listProcessGroup } from '@clickspan/emulator';
import { livingStates, sleep, writeCode } from '../support/lambdaFixture.ts';
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
  for (const group of groups.filter((each) => livingStates(each).length > 0)) process.kill(-group, 'SIGKILL');
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
  const left = (): number[] =>
    [...started.groups, ...reapers].filter((group) => livingStates(group).length > 0);
  while (left().length > 0 && Date.now() < deadlineUnixMs) await sleep(50);
  expect(left()).toEqual([]);
  expect(readdirSync(code.codeDir)).toEqual(['index.mjs']);
  for (const url of started.urls) {
    await expect(fetch(url)).rejects.toThrow();
  }
});

/** Runs a program that uses the emulator until it ends by itself; gives back what it has written. */
async function runHost(program: string, codeDir: string): Promise<string> {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const text = `import { startEmulator } from '@clickspan/emulator';
    const functions = [{ name: 'f', codeDir: process.argv[1], handler: 'index.handler' }];
    ${program}`;
  const host = spawn(process.execPath, ['--input-type=module', '-e', text, codeDir], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = host;
  let written = '';
  for await (const chunk of host.stdout) written += String(chunk);
  await (host.exitCode ?? once(host, 'exit'));
  return written;
}

it('keeps its host from ending no longer than until it has stopped, whatever has left its group', async () => {
  code = await writeCode(`
    import { spawn } from 'node:child_process';
    const { pid } = spawn('sleep', ['600'], { detached: true, stdio: 'inherit' });
    export const handler = async () => pid;
  `);
  const program = `
    const emulator = await startEmulator({ functions });
    const { payload } = await emulator.invoke('f', null);
    await emulator.stop();
    console.log(payload);
  `;
  const pid = Number(await runHost(program, code.codeDir));
  // It lives still, holding the other end of the function's output: it may do that.
  process.kill(pid, 'SIGKILL');
});

it('keeps its host from ending no longer either when an environment could not be started', async () => {
  code = await writeCode(`export const handler = async () => 'answer';`);
  const program = `
    let asked = 0;
    const environment = () => {
      if (asked++ > 0) throw new Error('no variables');
      return {};
    };
    const emulator = await startEmulator({ functions: functions.map((one) => ({ ...one, environment })) });
    const { payload } = await emulator.invoke('f', null);
    await emulator.stop();
    console.log(JSON.stringify(payload));
  `;
  const payload = { errorType: 'Sandbox.Failure', errorMessage: 'no variables' };
  expect(JSON.parse(await runHost(program, code.codeDir))).toEqual(payload);
});

it('answers also when the listener of its log throws, and lets its host hear of that', async () => {
  code = await writeCode(`export const handler = async () => 'answer';`);
  const program = `
    const heard = new Set();
    process.on('uncaughtException', ({ message }) => heard.add(message));
    const onLog = () => { throw new Error('of the listener'); };
    const emulator = await startEmulator({ functions, onLog });
    const answers = [await emulator.invoke('f', null), await emulator.invoke('f', null)];
    await emulator.stop();
    console.log(JSON.stringify([...heard, ...answers.map(({ payload }) => payload)]));
  `;
  expect(JSON.parse(await runHost(program, code.codeDir))).toEqual(['of the listener', 'answer', 'answer']);
});

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
