import { afterEach, describe, expect, it } from 'vitest';
import { extensionText, packExtensions } from '../support/extensionLayer.ts';
import { runtimeClientsToTest, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html, and lambda-managed-instances of
// aws/aws-lambda-runtime-interface-emulator at 4fa21571, where a place in it is named.

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

const MEET = `
  import { isMainThread, threadId } from 'node:worker_threads';
  let here = 0, most = 0;
  export const handler = async ({ waitMs = 0, fail, die, text }) => {
    most = Math.max(most, ++here);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    here--;
    if (fail) throw new RangeError('too far');
    if (die) process.exit(3);
    return { pid: process.pid, threadId, isMainThread, most, text, type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE };
  };
`;
interface Met {
  readonly pid: number;
  readonly threadId: number;
  readonly isMainThread: boolean;
  readonly most: number;
  readonly text: string;
}

describe.each(runtimeClientsToTest())('a function on managed instances (%s)', (runtimeClient) => {
  const start = async (source: string, config: Partial<StageFunction> = {}): Promise<Stage> => {
    const managedInstances = { maxConcurrency: 8, workers: 2 };
    stage = await startStage([{ name: 'f', source, managedInstances, timeoutMs: 10_000, ...config }], {
      runtimeClient,
    });
    return stage;
  };

  it('serves many requests at once in one environment, in threads of the runtime client', async () => {
    const running = await start(MEET);
    // The first thread may be ready long before the second.
    const threads = new Set<number>();
    await until('both threads serve', async () => {
      const { payload } = await running.emulator.invoke('f', {});
      return threads.add((payload as Met).threadId).size === 2;
    });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => running.emulator.invoke('f', { waitMs: 600, text: `n${n}` })),
    );
    const met = answers.map(({ payload }) => payload as Met);
    expect(met[0]).toMatchObject({ isMainThread: false, type: 'lambda-managed-instances' });
    expect(new Set(met.map(({ pid }) => pid)).size).toBe(1);
    expect(new Set(met.map(({ threadId }) => threadId)).size).toBe(2);
    expect(Math.max(...met.map(({ most }) => most))).toBeGreaterThan(1);
    expect(met.map(({ text }) => text)).toEqual(answers.map((_, n) => `n${n}`));
    expect(running.environments()).toHaveLength(1);
  });

  it('is never frozen', async () => {
    const running = await start(
      `let n = 0; setInterval(() => n++, 10); export const handler = async () => n;`,
    );
    const { payload: before } = await running.emulator.invoke('f', {});
    await until('time has passed in it', async () => {
      const { payload } = await running.emulator.invoke('f', {});
      return Number(payload) > Number(before) + 10;
    });
    expect(running.environments()[0]!.frozen).toBe(false);
  });

  it('has another environment for what goes beyond its concurrency, and no more than it may have', async () => {
    const running = await start(MEET, { reservedConcurrency: 2 });
    const answers = await Promise.allSettled(
      Array.from({ length: 17 }, () => running.emulator.invoke('f', { waitMs: 1500 })),
    );
    expect(running.environments()).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  });

  it('lives on after an invocation that ran out of time, or threw (invoke/running_invoke.go)', async () => {
    const running = await start(MEET, { timeoutMs: 1000 });
    const [late, thrown, fine] = await Promise.all([
      running.emulator.invoke('f', { waitMs: 3000 }),
      running.emulator.invoke('f', { fail: true }),
      running.emulator.invoke('f', { text: 'fine' }),
    ]);
    expect(late.payload).toMatchObject({ errorType: 'Sandbox.Timedout' });
    expect(thrown.payload).toMatchObject({ errorType: 'RangeError', errorMessage: 'too far' });
    expect(fine.payload).toMatchObject({ text: 'fine' });
    expect((await running.emulator.invoke('f', { text: 'again' })).payload).toMatchObject({ text: 'again' });
    expect(running.environments()).toHaveLength(1);
  });

  it('refuses internal extensions every event, and waits for those without (rapi/handler/agentregister.go)', async () => {
    const running = await start(`
      const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/';
      const register = (name, events) => fetch(api + 'register', {
        method: 'POST', headers: { 'Lambda-Extension-Name': name + process.pid }, body: JSON.stringify({ events }),
      });
      const refused = await register('a', ['INVOKE']);
      const words = await refused.json();
      const { headers } = await register('b', []);
      const id = headers.get('lambda-extension-identifier');
      if (id) fetch(api + 'event/next', { headers: { 'Lambda-Extension-Identifier': id } });
      export const handler = async () => [refused.status, words];
    `);
    expect((await running.emulator.invoke('f', {})).payload).toEqual([
      403,
      { errorType: 'Extension.InvalidEventType', errorMessage: 'No events allowed for internal extensions' },
    ]);
    const [{ extensions }] = running.environments() as [ReturnType<Stage['environments']>[0]];
    expect(extensions[0]).toMatchObject({ kind: 'internal', events: [], state: 'Ready' });
  });
});

it('tells external extensions of the end, and listeners of the Telemetry API of all before (rapid/shutdown.go)', async () => {
  const layer = await packExtensions({
    watcher: extensionText(['SHUTDOWN'], {
      ready: `
        const server = require('node:http').createServer((request, response) => {
          let body = '';
          request.on('data', (part) => (body += part));
          request.on('end', () => {
            for (const { type } of JSON.parse(body)) console.log('told ' + type);
            response.end();
          });
        }).listen(0, '127.0.0.1');
        await new Promise((resolve) => server.once('listening', resolve));
        const URI = 'http://sandbox.localdomain:' + server.address().port;
        const subscription = { schemaVersion: '2022-12-13', types: ['platform'], destination: { protocol: 'HTTP', URI } };
        await fetch(api + '/2022-07-01/telemetry', {
          method: 'PUT', headers, body: JSON.stringify({ ...subscription, buffering: { timeoutMs: 25 } }),
        });`,
    }),
  });
  try {
    const managedInstances = { maxConcurrency: 8, workers: 1 };
    stage = await startStage([{ name: 'f', source: MEET, managedInstances, layers: [layer.zipPath] }]);
    const { log, emulator } = stage;
    expect((await emulator.invoke('f', { text: 'fine' })).payload).toMatchObject({ text: 'fine' });
    await until('it is told', () => log.some((line) => line.endsWith('told platform.report')));
    expect(log).toContain('f stdout told platform.initReport');
    await stage.stop();
    stage = undefined;
    expect(log.some((line) => line.includes('"eventType":"SHUTDOWN","shutdownReason":"spindown"'))).toBe(
      true,
    );
  } finally {
    await layer.remove();
  }
});
