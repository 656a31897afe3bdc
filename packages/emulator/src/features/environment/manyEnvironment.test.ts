import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { extensionText } from '../../../../../test/support/extensionLayer.ts';
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
  readonly lines: readonly string[];
  /** What listeners of the Telemetry API were sent. */
  readonly told: readonly Told[];
}

interface Told {
  readonly type: string;
  readonly record: unknown;
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
  const lines: string[] = [];
  const told: Told[] = [];
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
    onLog: ({ source, line, extension = 'function' }) => void lines.push(`${extension} ${source} ${line}`),
    postTelemetry: async (_, body) => {
      told.push(...(JSON.parse(body) as Told[]));
      return true;
    },
    onRoom: () => undefined,
    onEnded: (_, failure) => tell(failure),
  });
  return { environment, ended, lines, told };
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

  // lambda-managed-instances/rapid/handlers.go (doInitExtensions) and shutdown.go; telemetry by rapi/handler/runtimelogs.go.
  it('starts external extensions first, tells them of its end, and its listeners of all between', async () => {
    const extensions = join(codeDir, 'extensions');
    await mkdir(extensions);
    const telemetry = `await fetch(api + '/2022-07-01/telemetry', { method: 'PUT', headers, body: JSON.stringify({
      schemaVersion: '2022-12-13', types: ['platform', 'function', 'extension'],
      destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:9' }, buffering: { timeoutMs: 25 } }) });`;
    const text = extensionText(['SHUTDOWN'], { ready: telemetry }).replace(
      '/usr/bin/env node',
      process.execPath,
    );
    await writeFile(join(extensions, 'watcher'), text, { mode: 0o755 });
    try {
      const { environment, lines, told } = await start(`
        console.log('runtime');
        const { headers } = await fetch(api + 'invocation/next');
        const id = headers.get('lambda-runtime-aws-request-id');
        await fetch(api + 'invocation/' + id + '/response', { method: 'POST', body: '1' });
        await fetch(api + 'invocation/next');
      `);
      await environment.settled;
      expect(environment.record().extensions).toMatchObject([
        { name: 'watcher', kind: 'external', events: ['SHUTDOWN'], state: 'Ready' },
      ]);
      await environment.invoke({ requestId: 'r', payload: Buffer.from('{}'), traceId: 'Root=1-a' });
      const types = (): readonly string[] => told.map(({ type }) => type);
      await vi.waitFor(() => expect(types()).toContain('platform.report'), 10_000);
      const platform = [
        'platform.initStart',
        'platform.telemetrySubscription',
        'platform.initRuntimeDone',
        'platform.extension',
        'platform.initReport',
        'platform.start',
        'platform.report',
      ];
      expect(types().filter((type) => type.startsWith('platform.'))).toEqual(platform);
      expect(told).toContainEqual(expect.objectContaining({ type: 'function', record: 'runtime' }));
      expect(lines.indexOf('watcher stdout registered 200')).toBeLessThan(
        lines.indexOf('function stdout runtime'),
      );
      await environment.stop('stopped');
      expect(lines.at(-1)).toMatch(/^watcher stdout .*"eventType":"SHUTDOWN","shutdownReason":"spindown"/);
    } finally {
      await rm(extensions, { recursive: true });
    }
  });

  it('ends with an external extension that ends (lambda-managed-instances/rapid/shutdown.go, processTermination)', async () => {
    const extensions = join(codeDir, 'extensions');
    await mkdir(extensions);
    await writeFile(join(extensions, 'watcher'), '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    try {
      const { ended } = await start('');
      expect(await ended).toEqual({ errorType: 'Extension.Crash', reason: 'exit status 3' });
    } finally {
      await rm(extensions, { recursive: true });
    }
  });
});
