import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startEmulator } from '@clickspan/emulator';
import type { RuntimeClientKind } from '@clickspan/emulator';
import {
  livingStates,
  runtimeClientsToTest,
  startStage,
  until,
  writeCode,
} from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';

// Sources, in https://docs.aws.amazon.com/lambda/latest/dg/ where nothing else is said:
// [context] nodejs-context.html
// [variables] configuration-envvars.html, "Defined runtime environment variables"
// [lifecycle] lambda-runtime-environment.html
// [limits] gettingstarted-limits.html: 6 MB for requests and responses; timeouts; concurrency
// [concurrency] lambda-concurrency.html
// [wrapper] runtimes-modify.html, "Wrapper scripts"
// [log] nodejs-logging.html
// [client] npm aws-lambda-ric 4.0.2, index.mjs; the words of its errors
// [core] aws/aws-lambda-runtime-interface-emulator at 4fa21571, internal/lambda/rapid/handlers.go, the errors of the
// platform
// [streaming] configuration-response-streaming.html

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

const ECHO = `
  let calls = 0;
  export const handler = async (event, context) => ({
    event, call: ++calls, pid: process.pid, requestId: context.awsRequestId,
    remainingMs: context.getRemainingTimeInMillis(), clientContext: context.clientContext ?? null,
    trace: process.env._X_AMZN_TRACE_ID, env: { ...process.env },
  });
`;

interface Echo {
  readonly event: unknown;
  readonly call: number;
  readonly pid: number;
  readonly requestId: string;
  readonly remainingMs: number;
  readonly clientContext: unknown;
  readonly trace: string;
  readonly env: Readonly<Record<string, string>>;
}

describe.each(runtimeClientsToTest())(
  'a function on the real runtime client (%s)',
  (runtimeClient: RuntimeClientKind) => {
    const start = async (source: string, config: object = {}, options: object = {}): Promise<Stage> => {
      stage = await startStage([{ name: 'f', source, ...config }], { runtimeClient, ...options });
      return stage;
    };
    const echo = async ({ emulator }: Stage, event: unknown = null, options: object = {}): Promise<Echo> =>
      (await emulator.invoke('f', event, options)).payload as Echo;

    it('says which native half it runs with', async () => {
      expect((await start(ECHO)).emulator.runtimeClient).toBe(runtimeClient);
    });

    it.each([null, {}, 0, '', 'text', [1, 'ü ✓ 🐘'], { nested: { deep: true } }])(
      'hands over %j as it is',
      async (event) => {
        expect((await echo(await start(ECHO), event)).event).toEqual(event);
      },
    );

    it('has the context that it was invoked with [context]', async () => {
      const traceHeader = 'Root=1-6b000000-000000000000000000000001;Parent=0000000000000002;Sampled=1';
      const running = await start(ECHO, { timeoutMs: 20_000 });
      const { requestId, payload } = await running.emulator.invoke(
        'f',
        {},
        { clientContext: { custom: { ä: '✓' } }, traceHeader },
      );
      const seen = payload as Echo;
      expect(seen.requestId).toBe(requestId);
      expect(seen.clientContext).toEqual({ custom: { ä: '✓' } });
      expect(seen.trace).toBe(traceHeader);
      expect(seen.remainingMs).toBeGreaterThan(10_000);
      expect(seen.remainingMs).toBeLessThanOrEqual(20_000);
    });

    it("has the platform's variables and its own, and none of this process's [variables]", async () => {
      process.env['OF_THE_HOST'] = 'yes';
      const config = { environment: { TABLE: 'orders', AWS_REGION: 'us-east-1' }, memoryMb: 256 };
      const running = await start(ECHO, config);
      delete process.env['OF_THE_HOST'];
      const { env } = await echo(running);
      expect(env).toMatchObject({
        _HANDLER: 'index.handler',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
        AWS_LAMBDA_FUNCTION_NAME: 'f',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/f',
        AWS_LAMBDA_LOG_STREAM_NAME: running.environments()[0]!.logStreamName,
        AWS_REGION: 'us-east-1',
        TABLE: 'orders',
        TZ: ':UTC',
      });
      expect(env['OF_THE_HOST']).toBeUndefined();
      expect(Object.keys(env).filter((name) => name.startsWith('CLICKSPAN'))).toEqual([]);
    });

    it('has a heap that fits its memory', async () => {
      const source = `
        import { getHeapStatistics } from 'node:v8';
        export const handler = async () => getHeapStatistics().heap_size_limit / 1024 / 1024;
      `;
      const { emulator } = await start(source, { memoryMb: 512 });
      const { payload: heapMb } = await emulator.invoke('f', {});
      expect(heapMb).toBeGreaterThan(400);
      expect(heapMb).toBeLessThan(600);
    });

    it('keeps its memory from one event to the next, and each is on record [lifecycle]', async () => {
      const running = await start(ECHO);
      const first = await echo(running);
      await until('the first invocation has ended', () => running.environments()[0]?.state === 'idle');
      const second = await echo(running);
      await until('the second has too', () => running.environments()[0]?.state === 'idle');
      expect([first.call, second.call]).toEqual([1, 2]);
      expect(first.pid).toBe(second.pid);
      const [environment] = running.environments();
      expect(environment).toMatchObject({ functionName: 'f', pid: first.pid, processGroupId: first.pid });
      expect(environment!.invocations).toMatchObject([
        { requestId: first.requestId, cold: true, status: 'ok' },
        { requestId: second.requestId, cold: false, status: 'ok' },
      ]);
      for (const { startUnixMs, responseUnixMs = 0, endUnixMs = 0 } of environment!.invocations) {
        expect(startUnixMs).toBeLessThan(responseUnixMs);
        expect(responseUnixMs).toBeLessThan(endUnixMs);
      }
      expect(environment!.initDurationMs).toBeGreaterThan(0);
    });

    it('that throws is answered with the error as the runtime client words it [client]', async () => {
      const running = await start(`export const handler = async () => { throw new RangeError('too far'); };`);
      const { functionError, payload } = await running.emulator.invoke('f', {});
      expect(functionError).toBe('Unhandled');
      expect(payload).toMatchObject({ errorType: 'RangeError', errorMessage: 'too far' });
      expect(running.environments()).toHaveLength(1);
    });

    it('that returns nothing is answered with null [client]', async () => {
      const { emulator } = await start(`export const handler = async () => undefined;`);
      expect(await emulator.invoke('f', {})).toMatchObject({ functionError: undefined, payload: null });
    });

    it('may answer with 5.5 MB, and not with more than 6 MiB [limits]', async () => {
      const { emulator } = await start(`export const handler = async ({ size }) => 'x'.repeat(size);`, {
        memoryMb: 512,
      });
      expect((await emulator.invoke('f', { size: 5_500_000 })).payload).toHaveLength(5_500_000);
      expect((await emulator.invoke('f', { size: 7_000_000 })).payload).toMatchObject({
        errorType: 'Function.ResponseSizeTooLarge',
      });
      expect((await emulator.invoke('f', { size: 3 })).payload).toBe('xxx');
    });

    it('that streams its answer is heard to the end [streaming]', async () => {
      const { emulator } = await start(`
      export const handler = awslambda.streamifyResponse(async (event, stream) => {
        stream.setContentType('application/json');
        stream.write('{"a":');
        await new Promise((resolve) => setTimeout(resolve, 20));
        stream.end(event.tail);
      });
    `);
      expect((await emulator.invoke('f', { tail: '1}' })).payload).toEqual({ a: 1 });
      expect((await emulator.invoke('f', { tail: 'no JSON' })).payload).toBe('{"a":no JSON');
    });

    it('out of time is killed with all it started, and the next event starts it anew [lifecycle]', async () => {
      const running = await start(
        `
      import { spawn } from 'node:child_process';
      export const handler = async ({ hang }) => {
        if (!hang) return process.pid;
        spawn('sleep', ['600'], { stdio: 'ignore' });
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      };
    `,
        // One place only: it must be free again for who comes back at once.
        { timeoutMs: 1500, reservedConcurrency: 1 },
      );
      const { requestId, functionError, payload } = await running.emulator.invoke('f', { hang: true });
      expect(functionError).toBe('Unhandled');
      expect(payload).toEqual({
        errorType: 'Sandbox.Timedout',
        errorMessage: `RequestId: ${requestId} Error: Task timed out after 1.50 seconds`,
      });
      const [killed] = running.environments();
      const { payload: pid } = await running.emulator.invoke('f', { hang: false });
      expect(pid).not.toBe(killed!.pid);
      await until('nothing of the group is left', () => livingStates(killed!.processGroupId!).length === 0);
      expect(running.environments()).toMatchObject([
        {
          resets: [{ reason: 'timeout', errorType: 'Sandbox.Timedout' }],
          invocations: [{ status: 'timeout' }, { suppressedInitMs: expect.any(Number) as number }],
        },
      ]);
      expect(
        running.log.some((line) => line.endsWith(`${requestId} Task timed out after 1.50 seconds`)),
      ).toBe(true);
    });

    it.each([
      ['exits with 3', 'process.exit(3)', 'Runtime exited with error: exit status 3'],
      ['exits with 0', 'process.exit(0)', 'Runtime exited without providing a reason'],
      ['is killed', `process.kill(process.pid, 'SIGKILL')`, 'Runtime exited with error: signal: killed'],
      [
        'has nothing left to wait for',
        'await new Promise(() => {})',
        'Runtime exited without providing a reason',
      ],
    ])('that %s fails with Runtime.ExitError [core]', async (_, statement, reason) => {
      const running = await start(`export const handler = async () => { ${statement}; };`);
      const { requestId, payload } = await running.emulator.invoke('f', {});
      expect(payload).toEqual({
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${requestId} Error: ${reason}`,
      });
      expect(running.environments()).toMatchObject([
        {
          state: 'idle',
          resets: [{ reason: 'failure', errorType: 'Runtime.ExitError' }],
          invocations: [{ status: 'crash' }],
        },
      ]);
    });

    it('that fails in INIT is tried once more, and then answered with what it failed of [lifecycle]', async () => {
      const running = await start(`throw new Error('no configuration');`);
      const { functionError, payload } = await running.emulator.invoke('f', {});
      expect(functionError).toBe('Unhandled');
      expect(payload).toMatchObject({ errorMessage: 'no configuration', errorType: 'Error' });
      expect(running.environments()).toMatchObject([
        {
          state: 'idle',
          resets: [{ errorType: 'Error' }, { errorType: 'Error' }],
          invocations: [{ status: 'crash', suppressedInitMs: expect.any(Number) as number }],
        },
      ]);
    });

    it('whose handler is missing says so [client]', async () => {
      const { emulator } = await start(ECHO, { handler: 'index.elsewhere' });
      expect((await emulator.invoke('f', {})).payload).toMatchObject({
        errorType: 'Runtime.HandlerNotFound',
      });
    });

    it('that never comes out of INIT runs into its limit [lifecycle]', async () => {
      const source = `await new Promise((resolve) => setTimeout(resolve, 600_000));`;
      const { emulator } = await start(source, { timeoutMs: 400 }, { initTimeoutMs: 600 });
      const { payload } = await emulator.invoke('f', {});
      expect(payload).toMatchObject({ errorType: 'Sandbox.Timedout' });
    });

    it('gets an environment for each event at the same time, and one event at a time in each [concurrency]', async () => {
      const running = await start(`
      let busy = 0;
      export const handler = async () => {
        busy++;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return { pid: process.pid, together: busy-- };
      };
    `);
      const answers = await Promise.all(Array.from({ length: 5 }, () => running.emulator.invoke('f', {})));
      const payloads = answers.map(({ payload }) => payload as { pid: number; together: number });
      expect(new Set(payloads.map(({ pid }) => pid)).size).toBe(5);
      expect(payloads.every(({ together }) => together === 1)).toBe(true);
      await until('all are idle', () => running.environments().every(({ state }) => state === 'idle'));
      const again = await running.emulator.invoke('f', {});
      expect(payloads.map(({ pid }) => pid)).toContain((again.payload as { pid: number }).pid);
      expect(running.environments()).toHaveLength(5);
    });

    it('serves a caller who comes back at once by the same environment', async () => {
      const running = await start(`export const handler = async () => process.pid;`);
      const pids: unknown[] = [];
      for (let round = 0; round < 20; round++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other, nothing between
        pids.push((await running.emulator.invoke('f', {})).payload);
      }
      // Not each time, on a machine that takes its time; never, if only idle environments were asked.
      expect(pids.filter((pid, round) => pid === pids[round - 1]).length).toBeGreaterThan(5);
    });

    it('has no more environments than reserved [concurrency]', async () => {
      const source = `export const handler = () => new Promise((resolve) => setTimeout(resolve, 500, 'done'));`;
      const { emulator } = await start(source, { reservedConcurrency: 1 });
      const first = emulator.invoke('f', {});
      await expect(emulator.invoke('f', {})).rejects.toThrow(
        'ReservedFunctionConcurrentInvocationLimitExceeded',
      );
      expect((await first).payload).toBe('done');
    });

    it('is started through its exec wrapper [wrapper]', async () => {
      const { codeDir, remove } = await writeCode(ECHO, {
        wrapper: '#!/bin/sh\nexport WRAPPED="$#"\nexec "$@"\n',
      });
      await chmod(`${codeDir}/wrapper`, 0o755);
      const environment = { AWS_LAMBDA_EXEC_WRAPPER: `${codeDir}/wrapper` };
      const emulator = await startEmulator({
        runtimeClient,
        functions: [{ name: 'f', codeDir, handler: 'index.handler', environment }],
      });
      try {
        const { env } = (await emulator.invoke('f', {})).payload as Echo;
        expect(Number(env['WRAPPED'])).toBeGreaterThanOrEqual(2);
      } finally {
        await emulator.stop();
        await remove();
      }
    });

    it('writes its lines and the platform its own to the log [log]', async () => {
      const running = await start(
        `export const handler = async () => { console.log('hello'); process.stderr.write('no end'); };`,
      );
      const { requestId } = await running.emulator.invoke('f', {});
      await until('the invocation is reported', () => running.log.some((line) => line.includes('REPORT')));
      expect(running.log).toContain(`f platform START RequestId: ${requestId} Version: $LATEST`);
      expect(running.log).toContain(`f platform END RequestId: ${requestId}`);
      expect(running.log.some((line) => /^f stdout .*\tINFO\thello$/.test(line))).toBe(true);
      const report = running.log.find((line) => line.includes('REPORT'));
      expect(report).toMatch(
        /Duration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t.*Init Duration: [\d.]+ ms/,
      );
      await running.emulator.stop();
      await until('also what had no line end', () => running.log.includes('f stderr no end'));
    });
  },
);

describe('an emulator', () => {
  it('ends idle environments when there is no room for one more', async () => {
    const source = `export const handler = async () => process.pid;`;
    stage = await startStage(
      [
        { name: 'a', source },
        { name: 'b', source },
      ],
      { maxEnvironments: 1 },
    );
    const { emulator } = stage;
    await emulator.invoke('a', {});
    await until('a is idle', () => stage!.environments('a')[0]?.state === 'idle');
    expect((await emulator.invoke('b', {})).functionError).toBeUndefined();
    await until('a has ended', () => stage!.environments('a')[0]?.endReason === 'evicted');
  });

  it('has as much room after many ends as before, and no more', async () => {
    const worker = `export const handler = ({ workMs }) => new Promise((resolve) => setTimeout(resolve, workMs, 'done'));`;
    stage = await startStage(
      [
        { name: 'a', source: worker },
        { name: 'b', source: worker },
        { name: 'noInit', source: `throw new Error('no configuration');` },
        { name: 'noEnd', source: `export const handler = () => process.exit(1);` },
        { name: 'late', source: worker, timeoutMs: 50 },
      ],
      { maxEnvironments: 1 },
    );
    const { emulator } = stage;
    const outcomes: unknown[] = [];
    for (const name of [
      'a',
      'noInit',
      'noEnd',
      'late',
      'b',
      'b',
      'noInit',
      'late',
      'noEnd',
      'noEnd',
      'a',
      'b',
    ]) {
      const { payload } = await emulator.invoke(name, { workMs: name === 'late' ? 600_000 : 0 });
      outcomes.push(payload === 'done' ? payload : (payload as { errorType: string }).errorType);
      await until('it rests', () => stage!.environments().every(({ state }) => state !== 'busy'));
    }
    const [ended, late] = ['Runtime.ExitError', 'Sandbox.Timedout'];
    expect(outcomes).toEqual([
      'done',
      'Error',
      ended,
      late,
      'done',
      'done',
      'Error',
      late,
      ended,
      ended,
      'done',
      'done',
    ]);
    // One that works is not idle, and makes no room.
    const working = emulator.invoke('b', { workMs: 1000 });
    await expect(emulator.invoke('a', { workMs: 0 })).rejects.toMatchObject({
      code: 'CLICKSPAN_EMULATOR_THROTTLED',
    });
    expect((await working).payload).toBe('done');
  });

  it('ends environments idle for too long, and none that works', async () => {
    const source = `export const handler = ({ workMs }) => new Promise((resolve) => setTimeout(resolve, workMs, 'done'));`;
    stage = await startStage([{ name: 'f', source }], { idleTimeoutMs: 500 });
    await stage.emulator.invoke('f', { workMs: 0 });
    await until('it is idle', () => stage!.environments()[0]?.state === 'idle');
    expect((await stage.emulator.invoke('f', { workMs: 1500 })).payload).toBe('done');
    await until('it has ended', () => stage!.environments()[0]?.state === 'ended');
    expect(stage.environments()[0]!.endReason).toBe('idle');
  });

  it('leaves no process and no file behind when it stops, also in the middle of work', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'clickspan-own-'));
    vi.stubEnv('TMPDIR', dir);
    const source = `export const handler = () => new Promise((resolve) => setTimeout(resolve, 600_000));`;
    stage = await startStage([{ name: 'f', source, timeoutMs: 60_000 }]);
    const pending = stage.emulator.invoke('f', {});
    await until('it works', () => stage!.environments()[0]?.state === 'busy');
    const { processGroupId } = stage.environments()[0]!;
    await stage.stop();
    expect((await pending).functionError).toBe('Unhandled');
    expect(livingStates(processGroupId!)).toEqual([]);
    expect(await readdir(dir)).toEqual([]);
    vi.unstubAllEnvs();
    await rm(dir, { recursive: true });
  });

  it.each([
    [
      'a route to no function',
      { httpApis: [{ name: 'a', routes: [{ route: 'GET /', function: 'x' }] }] },
      'no function x',
    ],
    ['a queue to no function', { queues: [{ name: 'q', function: 'x' }] }, 'no function x'],
    [
      'a route that is none',
      { httpApis: [{ name: 'a', routes: [{ route: 'FETCH /', function: 'f' }] }] },
      'FETCH',
    ],
    [
      'two APIs of one name',
      {
        httpApis: [
          { name: 'shop', routes: [] },
          { name: 'shop', routes: [] },
        ],
      },
      'HTTP API shop is configured twice',
    ],
    [
      'an age of CORS that is none',
      { functionUrls: [{ function: 'f', cors: { allowOrigins: ['*'], maxAgeSeconds: -1 } }] },
      'function URL of f: cors.maxAgeSeconds',
    ],
    [
      'a variable that is no text',
      { functions: [{ environment: { PORT: 80 } }] },
      'variable PORT must be a text',
    ],
    ['a reserved variable', { functions: [{ environment: { _HANDLER: 'x' } }] }, 'reserved'],
    ['a layer that is no zip', { functions: [{ layers: ['/dev/null'] }] }, 'layer /dev/null'],
    ['a time limit beyond 15 minutes', { functions: [{ timeoutMs: 900_001 }] }, 'timeoutMs'],
  ])('refuses %s', async (_, options, message) => {
    const more = 'functions' in options ? options.functions[0] : {};
    const rest = 'functions' in options ? {} : options;
    // A file of configuration knows no types.
    const functions = [{ name: 'f', source: ECHO, ...more }] as unknown as readonly StageFunction[];
    await expect(startStage(functions, rest)).rejects.toThrow(message);
  });

  it.each(['/nowhere/at/all', 'relative'])('refuses the code folder %s, by its name', async (codeDir) => {
    const functions = [{ name: 'f', codeDir, handler: 'index.handler' }];
    await expect(startEmulator({ functions })).rejects.toThrow(`function f: codeDir ${codeDir} must be`);
  });
});
