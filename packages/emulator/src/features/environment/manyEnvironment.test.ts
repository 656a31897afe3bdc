import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { nowUnixMs } from '../../platform/clock.ts';
import { startReaper } from '../../platform/reaper.ts';
import type { Reaper } from '../../platform/reaper.ts';
import { toFunctionSettings } from './functionConfig.ts';
import type { FunctionConfig } from './functionConfig.ts';
import { startManyEnvironment } from './manyEnvironment.ts';
import type { ManyEnvironment } from './manyEnvironment.ts';
import type { SandboxFailure } from './sandboxFailure.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-execution-environment.html, and
// aws/aws-lambda-runtime-interface-emulator at 4fa21571, internal/lambda-managed-instances/rapid/handlers.go
// (doRuntimeInit): how INIT ends.

let reaper: Reaper;
let codeDir: string;
beforeAll(async () => {
  reaper = startReaper();
  codeDir = await mkdtemp(join(tmpdir(), 'clickspan-many-'));
});
afterAll(async () => {
  await reaper.stop();
  await rm(codeDir, { recursive: true, force: true });
});

interface Started {
  readonly environment: ManyEnvironment;
  readonly ended: Promise<SandboxFailure>;
}

/** Starts an environment whose runtime is a script of its own. */
async function start(
  script: string,
  config: Partial<FunctionConfig> = {},
  initTimeoutMs = 30_000,
): Promise<Started> {
  const entryPath = join(codeDir, 'runtime.mjs');
  await writeFile(
    entryPath,
    `const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/'; ${script}`,
  );
  const account = { region: 'eu-west-1', accountId: '123456789012' };
  let tell: (failure: SandboxFailure) => void;
  const ended = new Promise<SandboxFailure>((resolve) => {
    tell = resolve;
  });
  const environment = await startManyEnvironment({
    settings: toFunctionSettings(
      {
        name: 'f',
        codeDir,
        handler: 'index.handler',
        managedInstances: { maxConcurrency: 8 },
        ...config,
      },
      account,
      () => ({}) as never,
    ),
    account,
    client: {
      kind: 'stand-in',
      nodePath: process.execPath,
      entryPath,
      clientDir: codeDir,
      preloadPath: undefined,
    },
    optDir: codeDir,
    limits: {},
    hostPath: '/usr/bin',
    initTimeoutMs,
    reaper,
    clock: nowUnixMs,
    onLog: () => undefined,
    onRoom: () => undefined,
    onEnded: (_, failure) => tell(failure),
  });
  return { environment, ended };
}

const listening = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPServerWrap').length;

describe('an environment that serves many requests at once', () => {
  it('leaves nothing that listens when it cannot be started', async () => {
    const before = listening();
    const environment = (): never => {
      throw new Error('no variables');
    };
    await expect(start('', { environment })).rejects.toThrow('no variables');
    await vi.waitFor(() => expect(listening()).toBe(before));
  });

  it('says of an INIT that takes too long that its time is over', async () => {
    const { ended } = await start('setInterval(() => 0, 1000);', {}, 100);
    expect(await ended).toEqual({
      errorType: 'Sandbox.Timedout',
      reason: 'Init timed out after 0.10 seconds',
    });
  });

  it('says of an INIT that fails what the runtime says', async () => {
    const { environment, ended } = await start(`
      await fetch(api + 'init/error', { method: 'POST', headers: { 'Lambda-Runtime-Function-Error-Type': 'TypeError' }, body: '{"errorType":"TypeError"}' });
      setInterval(() => 0, 1000);
    `);
    expect(await ended).toMatchObject({
      errorType: 'TypeError',
      payload: Buffer.from('{"errorType":"TypeError"}'),
    });
    await environment.settled;
  });
});
