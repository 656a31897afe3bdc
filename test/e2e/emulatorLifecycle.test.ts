import { afterEach, describe, expect, it } from 'vitest';
import { findLimits } from '@clickspan/emulator';
import type { EmulatorOptions } from '@clickspan/emulator';
import { extensionText, packExtensions } from '../support/extensionLayer.ts';
import type { PackedLayer } from '../support/extensionLayer.ts';
import { livingStates, sleep, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';

// What the platform does when an environment's processes fail, end, or come with extensions. Where a rule is that of the
// platform's own core, its place in aws/aws-lambda-runtime-interface-emulator at 4fa21571, internal/lambda, is named.

let stage: Stage | undefined;
let layer: PackedLayer | undefined;
afterEach(async () => {
  await stage?.stop();
  await layer?.remove();
  stage = undefined;
  layer = undefined;
});

const start = async (
  source: string,
  config: Partial<StageFunction> = {},
  options: Omit<EmulatorOptions, 'functions'> = {},
): Promise<Stage> => {
  stage = await startStage([{ name: 'f', source, ...config }], options);
  return stage;
};

const startWith = async (
  extensions: Readonly<Record<string, string>>,
  source: string,
  config: Partial<StageFunction> = {},
  options: Omit<EmulatorOptions, 'functions'> = {},
): Promise<Stage> => {
  layer = await packExtensions(extensions);
  return start(source, { layers: [layer.zipPath], ...config }, options);
};

const ECHO = `export const handler = async (event) => ({ event, pid: process.pid });`;
const platformLines = ({ log }: Stage): readonly string[] =>
  log.filter((line) => line.startsWith('f platform ')).map((line) => line.slice('f platform '.length));
const report = (running: Stage, requestId: string): string | undefined =>
  platformLines(running).find((line) => line.startsWith(`REPORT RequestId: ${requestId}`));

const TOUCHY = `
  import { existsSync, rmSync, writeFileSync } from 'node:fs';
  const marker = process.env.LAMBDA_TASK_ROOT + '/fail';
  if (existsSync(marker)) throw new Error('not now');
  export const handler = async ({ die, fail }) => {
    if (fail) writeFileSync(marker, '');
    else rmSync(marker, { force: true });
    if (die) process.exit(7);
    return process.pid;
  };
`;

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, "Failures during the invoke phase"
describe('suppressed init', () => {
  it('happens within the next invocation and its time, in the same environment and log stream', async () => {
    const running = await start(TOUCHY);
    const first = await running.emulator.invoke('f', {});
    await running.emulator.invoke('f', { die: true });
    const third = await running.emulator.invoke('f', {});
    expect(third.payload).not.toBe(first.payload);
    await until('it is reported', () => report(running, third.requestId));
    expect(running.environments()).toHaveLength(1);
    const [, , record] = running.environments()[0]!.invocations;
    const duration = Number(/\tDuration: ([\d.]+) ms/.exec(report(running, third.requestId)!)![1]);
    expect(duration).toBeGreaterThan(record!.suppressedInitMs!);
  });

  it('is not reported as an INIT: REPORT says nothing of it, and no INIT_START is written', async () => {
    const running = await start(TOUCHY);
    await running.emulator.invoke('f', { die: true });
    const { requestId } = await running.emulator.invoke('f', {});
    await until('it is reported', () => report(running, requestId));
    expect(report(running, requestId)).not.toContain('Init Duration');
    expect(platformLines(running).filter((line) => line.startsWith('INIT_START'))).toHaveLength(1);
  });

  it('that fails is the answer, and is tried again by each invocation', async () => {
    const running = await start(TOUCHY);
    await running.emulator.invoke('f', { die: true, fail: true });
    for (const _ of [1, 2]) {
      const { requestId, payload } = await running.emulator.invoke('f', {});
      expect(payload).toMatchObject({ errorMessage: 'not now', errorType: 'Error' });
      expect(report(running, requestId)).toContain('\tStatus: error\tError Type: Error');
    }
    expect(
      platformLines(running).filter((line) => /^INIT_REPORT .*\tPhase: invoke\tStatus: error/.test(line)),
    ).toHaveLength(2);
  });

  it('runs into the time limit of its invocation', async () => {
    const running = await start(
      `if (process.env.SLOW) await new Promise((resolve) => setTimeout(resolve, 600_000));
      export const handler = async () => 'never';`,
      { environment: { SLOW: 'yes' }, timeoutMs: 700 },
      { initTimeoutMs: 300 },
    );
    const { requestId, payload } = await running.emulator.invoke('f', {});
    expect(payload).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId} Error: Task timed out after 0.70 seconds`,
    });
    expect(platformLines(running)).toContainEqual(
      expect.stringMatching(/^INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: timeout$/),
    );
    expect(report(running, requestId)).toContain('Duration: 700.00 ms\t');
    expect(report(running, requestId)).toContain('\tStatus: timeout');
  });
});

const LIMITS = findLimits();
const GREEDY = `
  export const handler = async ({ mb, die }) => die ? process.exit(1) : Buffer.alloc(mb * 1024 * 1024, 1).length;
`;

describe('a function that takes more memory than it has', () => {
  it('runs on where only its JavaScript heap is limited', async () => {
    const running = await start(GREEDY, { memoryMb: 128, timeoutMs: 20_000 });
    expect((await running.emulator.invoke('f', { mb: 200 })).payload).toBe(200 * 1024 * 1024);
    expect(running.environments()).toMatchObject([{ limits: { memory: 'heap', cpu: 'none' } }]);
  });
});

describe.skipIf(LIMITS.memory === 'heap')('a limit of memory (needs memory control groups)', () => {
  it('ends a function that takes more, and its report says why', async () => {
    const running = await start(GREEDY, { memoryMb: 128, timeoutMs: 20_000 }, { limits: { memory: true } });
    expect((await running.emulator.invoke('f', { mb: 1 })).payload).toBe(1024 * 1024);
    const { requestId, payload } = await running.emulator.invoke('f', { mb: 200 });
    expect(payload).toEqual({
      errorType: 'Runtime.OutOfMemory',
      errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
    });
    const [{ limits, resets }] = running.environments() as [ReturnType<Stage['environments']>[0]];
    expect(limits).toEqual({ memory: LIMITS.memory, cpu: 'none' });
    expect(resets).toMatchObject([{ reason: 'failure', errorType: 'Runtime.OutOfMemory' }]);
    expect(report(running, requestId)).toContain('\tStatus: error\tError Type: Runtime.OutOfMemory');
    expect((await running.emulator.invoke('f', { mb: 1 })).payload).toBe(1024 * 1024);
    // What went before is no reason of what comes later.
    expect((await running.emulator.invoke('f', { die: true })).payload).toMatchObject({
      errorType: 'Runtime.ExitError',
    });
  });

  it('ends an environment that serves many requests at once, and tells all that ran in it why', async () => {
    const running = await start(
      GREEDY,
      { managedInstances: { maxConcurrency: 4, workers: 1 }, timeoutMs: 20_000 },
      { limits: { memory: true } },
    );
    const { requestId, payload } = await running.emulator.invoke('f', { mb: 3000 });
    expect(payload).toEqual({
      errorType: 'Runtime.OutOfMemory',
      errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
    });
    expect((await running.emulator.invoke('f', { mb: 1 })).payload).toBe(1024 * 1024);
  });
});

describe.skipIf(LIMITS.cpu === 'none')('a share of processor time (needs cpu control groups)', () => {
  it('is that of the memory', async () => {
    const source = `
      export const handler = async () => {
        const wall = Date.now(), cpu = process.cpuUsage();
        while (Date.now() - wall < 1500);
        const { user, system } = process.cpuUsage(cpu);
        return (user + system) / 1000 / (Date.now() - wall);
      };
    `;
    const running = await start(source, { memoryMb: 442, timeoutMs: 20_000 }, { limits: { cpu: true } });
    const { payload: share } = await running.emulator.invoke('f', {});
    // 442 MB are a quarter of what one processor stands for.
    expect(share).toBeLessThan(0.4);
    expect(running.environments()).toMatchObject([{ limits: { memory: 'heap', cpu: LIMITS.cpu } }]);
  });
});

describe('an external extension', () => {
  it('is started before the runtime, which waits for its registration (rapid/handlers.go, doInitExtensions)', async () => {
    const before = `await new Promise((resolve) => setTimeout(resolve, 300)); console.log('at', Date.now());`;
    const running = await startWith(
      { watcher: extensionText([], { before }) },
      `const begun = Date.now(); export const handler = async () => begun;`,
    );
    const { payload: begun } = await running.emulator.invoke('f', {});
    const at = Number(running.log.map((line) => /stdout at (\d+)$/.exec(line)?.[1]).find(Boolean));
    expect(begun).toBeGreaterThanOrEqual(at);
    expect(running.environments()[0]!.extensions).toMatchObject([
      { name: 'watcher', kind: 'external', events: [], state: 'Ready', pid: expect.any(Number) as number },
    ]);
  });

  it('is told of each event, holds the environment until it asks for the next, and is frozen with it', async () => {
    const onEvent = `
      if (event.eventType === 'SHUTDOWN') process.exit(0);
      await new Promise((resolve) => setTimeout(resolve, 400));
    `;
    const running = await startWith({ watcher: extensionText(['INVOKE', 'SHUTDOWN'], { onEvent }) }, ECHO);
    const { requestId } = await running.emulator.invoke('f', {});
    expect(running.environments()[0]!.state).toBe('busy');
    await until('it is frozen', () => running.environments()[0]!.frozen);
    const [environment] = running.environments();
    const [{ startUnixMs, endUnixMs = 0 }] = environment!.invocations as [never];
    expect(endUnixMs - startUnixMs).toBeGreaterThanOrEqual(395);
    await until(
      'its process is stopped',
      () => livingStates(environment!.extensions[0]!.pid!).join('') === 'T',
    );
    expect(
      running.log.some((line) => line.includes(`"eventType":"INVOKE"`) && line.includes(requestId)),
    ).toBe(true);
  });

  it('hears of the end, with the reason and two seconds (rapid/shutdown.go, shutdownAgents)', async () => {
    const onEvent = `
      if (event.eventType === 'SHUTDOWN') {
        console.log('left', event.deadlineMs - Date.now());
        process.exit(0);
      }
    `;
    const running = await startWith(
      { watcher: extensionText(['SHUTDOWN'], { onEvent }) },
      `process.on('SIGTERM', () => { console.log('terminated'); process.exit(0); });
      export const handler = async () => 'done';`,
      {},
      { idleTimeoutMs: 300 },
    );
    await running.emulator.invoke('f', {});
    await until('it has ended', () => running.environments()[0]?.state === 'ended');
    expect(running.environments()[0]!.endReason).toBe('idle');
    // The runtime's turn comes first.
    const told = running.log.filter((line) => /terminated|SHUTDOWN|left/.test(line));
    expect(told).toHaveLength(3);
    expect(told[0]).toMatch(/terminated$/);
    expect(told[1]).toContain('"shutdownReason":"spindown"');
    const left = Number(told[2]!.split('left ')[1]);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(2000);
  });

  it('that does not end by itself is killed after two seconds, one that did not subscribe at once', async () => {
    const stubborn = extensionText(['SHUTDOWN'], { onEvent: 'setInterval(() => undefined, 1000);' });
    const running = await startWith({ silent: extensionText(['INVOKE']), stubborn }, ECHO);
    await running.emulator.invoke('f', {});
    await until('it rests', () => running.environments()[0]!.state === 'idle');
    const { extensions } = running.environments()[0]!;
    const begunMs = performance.now();
    const stopped = running.emulator.stop();
    await until('the silent one is gone', () => livingStates(extensions[0]!.pid!).length === 0);
    expect(livingStates(extensions[1]!.pid!)).toHaveLength(1);
    await stopped;
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(1990);
    expect(livingStates(extensions[1]!.pid!)).toEqual([]);
  });

  it('hears of a timeout, and is started again with the runtime (rapid/handlers.go, handleReset)', async () => {
    const running = await startWith(
      { watcher: extensionText(['INVOKE', 'SHUTDOWN']) },
      `export const handler = ({ hang }) => hang ? new Promise((resolve) => setTimeout(resolve, 600_000)) : Promise.resolve('done');`,
      { timeoutMs: 1000 },
    );
    await running.emulator.invoke('f', { hang: true });
    await until('it was told', () => running.log.some((line) => line.includes('"shutdownReason":"timeout"')));
    await until('it rests', () => running.environments()[0]!.state === 'idle');
    expect((await running.emulator.invoke('f', {})).payload).toBe('done');
    expect(running.environments()).toHaveLength(1);
    expect(running.log.filter((line) => line.endsWith('registered 200'))).toHaveLength(2);
  });

  it.each([
    ['crashes', `process.exit(3);`, 'Extension.Crash', 'exit status 3'],
    [
      'reports that it will exit',
      `await fetch(api + '/2020-01-01/extension/exit/error', {
        method: 'POST', headers: { ...headers, 'Lambda-Extension-Function-Error-Type': 'Extension.Own' }, body: '{}',
      });
      process.exit(1);`,
      'Extension.ExitError',
      'exit status 1',
    ],
  ])(
    'that %s fails the invocation (rapid/handlers.go, watchEvents)',
    async (_, onEvent, errorType, reason) => {
      const slow = `export const handler = () => new Promise((resolve) => setTimeout(resolve, 2000, 'late'));`;
      const running = await startWith({ watcher: extensionText(['INVOKE'], { onEvent }) }, slow);
      const { requestId, payload } = await running.emulator.invoke('f', {});
      expect(payload).toEqual({ errorType, errorMessage: `RequestId: ${requestId} Error: ${reason}` });
      await until('it is reported', () => report(running, requestId));
      expect(report(running, requestId)).toContain(`\tStatus: error\tError Type: ${errorType}`);
    },
  );

  it('that reports a failed init fails the invocation (rapi/handler/agentiniterror.go)', async () => {
    const ready = `
      await fetch(api + '/2020-01-01/extension/init/error', {
        method: 'POST', headers: { ...headers, 'Lambda-Extension-Function-Error-Type': 'Extension.Own' }, body: '{}',
      });
      process.exit(1);
    `;
    const running = await startWith({ watcher: extensionText(['INVOKE'], { ready }) }, ECHO);
    expect((await running.emulator.invoke('f', {})).payload).toMatchObject({
      errorType: 'Extension.InitError',
    });
    expect(running.environments()[0]!.resets).toMatchObject([
      { errorType: 'Extension.InitError' },
      { errorType: 'Extension.InitError' },
    ]);
  });

  it('that cannot be started fails INIT (rapid/handlers.go, agentLaunchError)', async () => {
    layer = await packExtensions({ 'not-a-program': 'text' }, 0o100644);
    const running = await start(ECHO, { layers: [layer.zipPath] });
    expect((await running.emulator.invoke('f', {})).payload).toMatchObject({
      errorType: 'Extension.LaunchError',
    });
  });
});

describe('a function with an internal extension', () => {
  const INSIDE = `
    const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/';
    const registered = await fetch(api + 'register', {
      method: 'POST', headers: { 'Lambda-Extension-Name': 'inside' }, body: JSON.stringify({ events: ['INVOKE'] }),
    });
    const headers = { 'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier') };
    (async () => { for (;;) await fetch(api + 'event/next', { headers }); })();
  `;

  it('gets SIGTERM and half a second at its end (docs: "Shutdown phase")', async () => {
    const running = await start(`${INSIDE}
      process.on('SIGTERM', () => { console.log('terminated'); });
      setInterval(() => undefined, 1000);
      export const handler = async () => 'done';
    `);
    await running.emulator.invoke('f', {});
    await until('it rests', () => running.environments()[0]!.frozen);
    const begunMs = performance.now();
    await running.emulator.stop();
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(490);
    expect(running.log.some((line) => line.endsWith('terminated'))).toBe(true);
  });
});

it('kills a function without extensions at once, without a signal that it could hear (rapid/shutdown.go)', async () => {
  const running = await start(`
    process.on('SIGTERM', () => { console.log('terminated'); });
    export const handler = async () => 'done';
  `);
  await running.emulator.invoke('f', {});
  await until('it rests', () => running.environments()[0]!.frozen);
  await running.emulator.stop();
  expect(running.log.some((line) => line.endsWith('terminated'))).toBe(false);
});

// https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
describe('an environment that is initialized before any event', () => {
  const TYPE = `export const handler = async () => ({ type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE, pid: process.pid });`;

  it("of provisioned concurrency says so, waits frozen, and its INIT is not an invocation's", async () => {
    const running = await start(TYPE, { provisionedConcurrency: 2 }, { idleTimeoutMs: 100 });
    const pids = running.environments().map(({ pid }) => pid);
    expect(running.environments()).toMatchObject([
      { state: 'idle', frozen: true, initializationType: 'provisioned-concurrency' },
      { state: 'idle', frozen: true, initializationType: 'provisioned-concurrency' },
    ]);
    expect(platformLines(running).filter((line) => /^INIT_REPORT .*\tPhase: init$/.test(line))).toHaveLength(
      2,
    );
    const { payload, requestId } = await running.emulator.invoke('f', {});
    expect(payload).toMatchObject({ type: 'provisioned-concurrency' });
    expect(pids).toContain((payload as { pid: number }).pid);
    await until('it is reported', () => report(running, requestId));
    expect(report(running, requestId)).not.toContain('Init Duration');
  });

  it('leaves what goes beyond it to environments on demand', async () => {
    const slow = TYPE.replace('({', '(await new Promise((resolve) => setTimeout(resolve, 500)), {');
    const { emulator } = await start(slow, { provisionedConcurrency: 1 });
    const answers = await Promise.all([emulator.invoke('f', {}), emulator.invoke('f', {})]);
    expect(answers.map(({ payload }) => (payload as { type: string }).type)).toEqual([
      'provisioned-concurrency',
      'on-demand',
    ]);
  });

  it('proactively is on demand like others, and its first invocation reports the INIT', async () => {
    const running = await start(TYPE);
    await running.emulator.initialize('f');
    const [{ pid }] = running.environments() as [ReturnType<Stage['environments']>[0]];
    const { payload, requestId } = await running.emulator.invoke('f', {});
    expect(payload).toEqual({ type: 'on-demand', pid });
    await until('it is reported', () => report(running, requestId));
    expect(report(running, requestId)).toContain('Init Duration');
    expect(running.environments()[0]!.invocations).toMatchObject([{ cold: true }]);
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html; rapid/handlers.go, handleRestore.
describe('an environment that waits as a snapshot', () => {
  const TYPE = `export const handler = async () => ({ type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE });`;

  it('says so, and its first invocation reports a restore and no INIT', async () => {
    const running = await start(TYPE, { snapStart: true });
    expect(running.environments()).toMatchObject([{ frozen: true, initializationType: 'snap-start' }]);
    const first = await running.emulator.invoke('f', {});
    expect(first.payload).toEqual({ type: 'snap-start' });
    const second = await running.emulator.invoke('f', {});
    await until('it is reported', () => report(running, second.requestId));
    expect(report(running, first.requestId)).toContain('\tRestore Duration: ');
    expect(report(running, first.requestId)).not.toContain('Init Duration');
    expect(report(running, second.requestId)).not.toContain('Restore Duration');
    expect(platformLines(running).some((line) => line.startsWith('RESTORE_START'))).toBe(true);
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html: what INIT drew is in every environment, as is
  // the state of generators in memory; the platform's own randomness is not.
  it('is restored from the same image as every other of its function', async () => {
    const running = await start(
      `import { randomBytes, randomUUID } from 'node:crypto';
      const image = { uuid: randomUUID(), bytes: randomBytes(8).toString('hex'), math: Math.random() };
      const web = crypto.getRandomValues(new Uint8Array(8)).join();
      const atUnixMs = Date.now();
      export const handler = async () => {
        const own = { bytes: randomBytes(8).toString('hex'), web: crypto.getRandomValues(new Uint8Array(8)).join() };
        const kept = { math: Math.random(), uuid: randomUUID() };
        const { NODE_OPTIONS = null } = process.env;
        const answer = { image: { ...image, web }, kept, own, atUnixMs, nowUnixMs: Date.now(), NODE_OPTIONS };
        await new Promise((resolve) => setTimeout(resolve, 300));
        return answer;
      };`,
      { snapStart: true },
    );
    interface Answer {
      readonly image: object;
      readonly kept: object;
      readonly own: { readonly bytes: string; readonly web: string };
      readonly atUnixMs: number;
      readonly nowUnixMs: number;
    }
    const invoke = async (): Promise<Answer> => (await running.emulator.invoke('f', {})).payload as Answer;
    const invokedAtUnixMs = Date.now();
    const [one, two] = await Promise.all([invoke(), invoke()]);
    expect(running.environments()).toHaveLength(2);
    expect(two).toMatchObject({ image: one.image, kept: one.kept, NODE_OPTIONS: null });
    expect(two.own.bytes).not.toBe(one.own.bytes);
    expect(two.own.web).not.toBe(one.own.web);
    // Both were initialized when the image was, before there was an event, and have woken up today.
    expect(Math.max(one.atUnixMs, two.atUnixMs)).toBeLessThan(invokedAtUnixMs);
    expect(Math.min(one.nowUnixMs, two.nowUnixMs)).toBeGreaterThanOrEqual(invokedAtUnixMs);
  });

  it('goes on behind its wait for the restore when that comes (rapi/handler/restorenext.go)', async () => {
    const running = await start(
      `const snapshotMs = Date.now();
      await fetch('http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/restore/next');
      const restoredMs = Date.now();
      export const handler = async () => restoredMs - snapshotMs;`,
      { snapStart: true },
    );
    await until('it is frozen', () => running.environments()[0]!.frozen);
    await sleep(600);
    const { payload: sleptMs } = await running.emulator.invoke('f', {});
    expect(sleptMs).toBeGreaterThanOrEqual(590);
    expect(running.environments()[0]!.invocations).toMatchObject([
      { restoreMs: expect.any(Number) as number },
    ]);
  });

  it.each([
    ['exits', 'process.exit(3)', 'Runtime.ExitError'],
    ['takes too long', 'await new Promise((resolve) => setTimeout(resolve, 60_000))', 'Sandbox.Timedout'],
  ])(
    'answers its caller when the restore %s, and starts again for the next',
    async (_, failing, errorType) => {
      const running = await start(
        `import { existsSync, writeFileSync } from 'node:fs';
      const again = process.env.TMPDIR + '/again';
      if (!existsSync(again)) {
        writeFileSync(again, '');
        await fetch('http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/restore/next');
        ${failing};
      }
      export const handler = async () => 'restored';`,
        { snapStart: true, timeoutMs: 1500 },
      );
      await until('it is frozen', () => running.environments()[0]!.frozen);
      expect((await running.emulator.invoke('f', {})).payload).toMatchObject({ errorType });
      expect((await running.emulator.invoke('f', {})).payload).toBe('restored');
    },
  );
});
