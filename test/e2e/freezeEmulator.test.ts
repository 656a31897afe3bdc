import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { EnvironmentRecord, RuntimeClientKind } from '@clickspan/emulator';
import { livingStates, runtimeClientsToTest, sleep, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

/** Counts every 10 ms for as long as it is let. */
const COUNTER = `
  let ticks = 0;
  setInterval(() => ticks++, 10);
  export const handler = async ({ workMs = 0 } = {}) => {
    const before = ticks;
    if (workMs > 0) await new Promise((resolve) => setTimeout(resolve, workMs));
    return { before, after: ticks };
  };
`;
interface Ticks {
  readonly before: number;
  readonly after: number;
}

const states = (environment: EnvironmentRecord): readonly string[] =>
  livingStates(environment.processGroupId!);

async function frozen(running: Stage): Promise<EnvironmentRecord> {
  await until('the environment is frozen', () => running.environments()[0]?.frozen);
  return running.environments()[0]!;
}

describe.each(runtimeClientsToTest())(
  'an environment between events (%s)',
  (runtimeClient: RuntimeClientKind) => {
    const start = async (source: string, config: object = {}): Promise<Stage> => {
      stage = await startStage([{ name: 'f', source, ...config }], { runtimeClient });
      return stage;
    };
    const ticks = async ({ emulator }: Stage, event: object = {}): Promise<Ticks> =>
      (await emulator.invoke('f', event)).payload as Ticks;

    it('stands still: no tick of a timer, no processor time, every member stopped', async () => {
      const running = await start(COUNTER);
      const worked = await ticks(running, { workMs: 200 });
      expect(worked.after).toBeGreaterThan(worked.before);
      const environment = await frozen(running);
      await until('every member is stopped', () => states(environment).every((state) => state === 'T'));
      const spentBefore = processorTicks(environment.pid!);
      await sleep(1000);
      expect(states(environment)).toEqual(['T']);
      expect(processorTicks(environment.pid!)).toBe(spentBefore);
      // Running on, it would have come by a hundred; what a slow machine takes to freeze and to wake are a few.
      expect((await ticks(running)).before - worked.after).toBeLessThan(50);
    });

    it('stands still with all the processes that the function has started', async () => {
      const running = await start(
        `
      import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, ['-e', 'let n = 0; setInterval(() => process.send(++n), 10)'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      const grandchild = spawn('sh', ['-c', 'sleep 600 & wait'], { stdio: 'ignore' });
      let heard = 0;
      child.on('message', (n) => (heard = n));
      export const handler = async () => {
        const from = heard;
        while (heard < from + 3) await new Promise((resolve) => setTimeout(resolve, 10));
        return heard;
      };
    `,
        { timeoutMs: 20_000 },
      );
      await running.emulator.invoke('f', {});
      const environment = await frozen(running);
      await until('four processes are stopped', () => states(environment).join('') === 'TTTT');
      await sleep(300);
      expect(states(environment)).toEqual(['T', 'T', 'T', 'T']);
      expect((await running.emulator.invoke('f', {})).functionError).toBeUndefined();
    });

    it('wakes for each of 200 events, most of them sent in the moment of freezing', async () => {
      const running = await start(COUNTER);
      await ticks(running);
      let slept = 0;
      for (let round = 0; round < 200; round++) {
        await sleepUntilIdle(running, round % 4);
        if (running.environments()[0]!.frozen) slept++;
        await ticks(running);
      }
      await frozen(running);
      expect(running.environments()).toHaveLength(1);
      expect(running.environments()[0]!.invocations).toHaveLength(201);
      expect(slept).toBe(200);
    });

    it('that dies in its sleep takes along what it started, and the next event finds a new one', async () => {
      const running = await start(`
      import { spawn } from 'node:child_process';
      spawn('sleep', ['600'], { stdio: 'ignore' });
      export const handler = async () => process.pid;
    `);
      const { payload: pid } = await running.emulator.invoke('f', {});
      const { processGroupId } = await frozen(running);
      await until('both are stopped', () => livingStates(processGroupId!).join('') === 'TT');
      process.kill(pid as number, 'SIGKILL');
      await until('it has ended', () => running.environments()[0]?.state === 'ended');
      expect((await running.emulator.invoke('f', {})).payload).not.toBe(pid);
      await until('nothing of it is left', () => livingStates(processGroupId!).length === 0);
    });

    it('is not frozen while an extension has not asked for its next event', async () => {
      const running = await start(`
      const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/';
      const registered = await fetch(api + 'register', {
        method: 'POST', headers: { 'Lambda-Extension-Name': 'inside' }, body: JSON.stringify({ events: ['INVOKE'] }),
      });
      const headers = { 'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier') };
      const next = () => fetch(api + 'event/next', { headers }).then((answer) => answer.json());
      let told = [];
      const loop = async () => {
        for (;;) {
          const event = await next();
          told.push(event.requestId);
          await new Promise((resolve) => setTimeout(resolve, 400));
        }
      };
      loop();
      export const handler = async (event, { awsRequestId }) => {
        while (!told.includes(awsRequestId)) await new Promise((resolve) => setTimeout(resolve, 10));
        return { told: [...told] };
      };
    `);
      const first = await running.emulator.invoke('f', {});
      expect(running.environments()[0]).toMatchObject({ state: 'busy', frozen: false });
      await frozen(running);
      const second = await running.emulator.invoke('f', {});
      await frozen(running);
      expect(second.payload).toMatchObject({ told: [first.requestId, second.requestId] });
      for (const { startUnixMs, responseUnixMs = 0, endUnixMs = 0 } of running.environments()[0]!
        .invocations) {
        expect(responseUnixMs).toBeLessThan(endUnixMs);
        // The extension held it for 400 ms from its event on.
        expect(endUnixMs - startUnixMs).toBeGreaterThanOrEqual(395);
      }
    });

    it('whose extension never asks again is held until the time limit, and then killed', async () => {
      const running = await start(
        `
      const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/';
      const registered = await fetch(api + 'register', {
        method: 'POST', headers: { 'Lambda-Extension-Name': 'inside' }, body: JSON.stringify({ events: ['INVOKE'] }),
      });
      const headers = { 'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier') };
      fetch(api + 'event/next', { headers });
      setInterval(() => undefined, 1000);
      export const handler = async () => 'answered';
    `,
        { timeoutMs: 1000 },
      );
      expect((await running.emulator.invoke('f', {})).payload).toBe('answered');
      const { processGroupId } = running.environments()[0]!;
      await until('its processes are ended', () => livingStates(processGroupId!).length === 0);
      expect(running.environments()[0]).toMatchObject({
        resets: [{ reason: 'timeout' }],
        invocations: [{ status: 'timeout' }],
      });
    });
  },
);

it('leaves environments running when told not to freeze', async () => {
  stage = await startStage([{ name: 'f', source: COUNTER }], { freeze: false });
  await stage.emulator.invoke('f', {});
  await until('it is idle', () => stage!.environments()[0]?.state === 'idle');
  expect(stage.environments()[0]!.frozen).toBe(false);
  expect(states(stage.environments()[0]!)).not.toContain('T');
});

async function sleepUntilIdle(running: Stage, extraMs: number): Promise<void> {
  // No timer: the event shall come right behind the freezing.
  while (running.environments()[0]!.state !== 'idle') {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  if (extraMs > 0) await sleep(extraMs);
}

/** User and system time that the kernel has counted for a process. */
function processorTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
