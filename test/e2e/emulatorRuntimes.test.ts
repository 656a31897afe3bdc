import { afterEach, describe, expect, it } from 'vitest';
import { listRuntimes } from '@clickspan/emulator';
import { runtimeClientsToTest, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

const here = listRuntimes();
const runtimes = here.flatMap((runtime) =>
  runtimeClientsToTest(runtime).map((runtimeClient) => ({ runtime, runtimeClient })),
);
const missing = (['nodejs20.x', 'nodejs22.x', 'nodejs24.x'] as const).filter((name) => !here.includes(name));
it.skip.each(missing)('a function on %s (needs the Node of that name)', () => undefined);

describe.each(runtimes)('a function on $runtime ($runtimeClient)', ({ runtime, runtimeClient }) => {
  const start = async (
    source: string,
    config: Partial<StageFunction> = {},
    files: Readonly<Record<string, string>> = {},
  ): Promise<Stage> => {
    stage = await startStage([{ name: 'f', runtime, source, files, ...config }], { runtimeClient });
    return stage;
  };
  const major = Number(/\d+/.exec(runtime)![0]);

  it('runs on the Node of that name, and says so', async () => {
    const running = await start(`
      export const handler = async () => ({
        node: Number(process.versions.node.split('.')[0]),
        env: process.env.AWS_EXECUTION_ENV,
        path: process.env.NODE_PATH,
      });
    `);
    expect((await running.emulator.invoke('f', {})).payload).toMatchObject({
      node: major,
      env: `AWS_Lambda_${runtime}`,
      path: expect.stringContaining(`node${major}/node_modules`) as string,
    });
    expect(running.environments()).toMatchObject([{ runtime, runtimeClient }]);
  });

  it('keeps its environment, is frozen, and fails in the words of its client', async () => {
    const running = await start(`
      let calls = 0;
      export const handler = async (event) => {
        calls++;
        if (event.fail) throw new RangeError('too far');
        return calls;
      };
    `);
    expect((await running.emulator.invoke('f', {})).payload).toBe(1);
    await until('it is frozen', () => running.environments()[0]?.frozen);
    expect((await running.emulator.invoke('f', { fail: true })).payload).toMatchObject({
      errorType: 'RangeError',
      errorMessage: 'too far',
    });
    await until('it is frozen again', () => running.environments()[0]?.frozen);
    expect((await running.emulator.invoke('f', {})).payload).toBe(3);
  });

  it('streams', async () => {
    const { emulator } = await start(`
      export const handler = awslambda.streamifyResponse(async (event, stream) => {
        stream.setContentType('application/json');
        stream.write('[1,');
        await new Promise((resolve) => setTimeout(resolve, 20));
        stream.end('2]');
      });
    `);
    expect((await emulator.invoke('f', {})).payload).toEqual([1, 2]);
  });

  it('takes a preload that redirects the handler', async () => {
    const { emulator } = await start(
      `export const handler = async () => 'own';`,
      { environment: { NODE_OPTIONS: '--require ./redirect.cjs' } },
      {
        'redirect.cjs': `if (process.env._HANDLER === 'index.handler') process.env._HANDLER = 'other.handler';`,
        'other.mjs': `export const handler = async () => 'redirected';`,
      },
    );
    expect((await emulator.invoke('f', {})).payload).toBe('redirected');
  });

  it(major < 24 ? 'takes a handler with a callback' : 'refuses a handler with a callback', async () => {
    const { emulator } = await start(
      '',
      { handler: 'main.handler' },
      {
        'main.cjs': `exports.handler = (event, context, callback) => setTimeout(callback, 20, null, 'called back');`,
      },
    );
    const { payload } = await emulator.invoke('f', {});
    if (major < 24) expect(payload).toBe('called back');
    else expect(payload).toMatchObject({ errorType: 'Runtime.CallbackHandlerDeprecated' });
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html, "experimental features"
  it('requires ES modules as on AWS: from nodejs24.x on, before by option only', async () => {
    const files = {
      'main.cjs': `
        exports.handler = async () => {
          try { return require('./module.mjs').name; } catch ({ code }) { return code; }
        };`,
      'module.mjs': `export const name = 'module';`,
    };
    const byDefault = await start('', { handler: 'main.handler' }, files);
    expect((await byDefault.emulator.invoke('f', {})).payload).toBe(
      major < 24 ? 'ERR_REQUIRE_ESM' : 'module',
    );
    await byDefault.stop();
    const environment = { NODE_OPTIONS: '--experimental-require-module' };
    const wanted = await start('', { handler: 'main.handler', environment }, files);
    expect((await wanted.emulator.invoke('f', {})).payload).toBe('module');
  });
});
