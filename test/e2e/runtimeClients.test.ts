import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { EmulatorOptions, RuntimeClientKind, RuntimeName } from '@clickspan/emulator';
import { runtimeClientsToTest, sleep, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';

// The stand-in must not be told from the native half by anything that a function or its caller can notice.

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

const FUNCTION = `
  export const handler = async (event, context) => {
    if (event?.throw) throw Object.assign(new TypeError('böse ✗ \\u007f'), { extra: 1 });
    return {
      event, functionName: context.functionName, arn: context.invokedFunctionArn, clientContext: context.clientContext,
      identity: context.identity ?? null, group: context.logGroupName, memory: context.memoryLimitInMB,
      trace: process.env._X_AMZN_TRACE_ID, requires: typeof globalThis.awslambda,
    };
  };
`;
const EVENTS = [
  null,
  'ü ✓ 🐘 \u0000 \u2028',
  { throw: true },
  { deep: [1, { a: null }] },
  'x'.repeat(1_000_000),
];
const TRACE = 'Root=1-6b000000-000000000000000000000001;Parent=0000000000000002;Sampled=0';

async function answers(runtimeClient: RuntimeClientKind, runtime: RuntimeName): Promise<string[]> {
  stage = await startStage([{ name: 'f', runtime, source: FUNCTION, memoryMb: 256 }], { runtimeClient });
  const texts: string[] = [];
  for (const event of EVENTS) {
    const { payload } = await stage.emulator.invoke('f', event, {
      traceHeader: TRACE,
      clientContext: { custom: { ä: 'ö' } },
    });
    texts.push(withoutRun(JSON.stringify(payload)));
  }
  await stage.stop();
  stage = undefined;
  return texts;
}

/** A function whose runtime speaks to its API through a listener of ours. */
interface Tapped {
  readonly running: Stage;
  /** All that the runtime has sent so far. */
  readonly sent: () => string;
  readonly stop: () => Promise<void>;
}

/**
 * Puts a listener between the runtime and its API, which writes down what the runtime sends.
 *
 * @param answer hands on what the API answers; at once, unless told otherwise
 */
async function startTapped(
  source: string,
  [runtimeClient, runtime]: readonly [RuntimeClientKind, RuntimeName],
  options: Omit<EmulatorOptions, 'functions'> = {},
  answer: (bytes: Buffer, socket: Socket) => void = (bytes, socket) => socket.write(bytes),
): Promise<Tapped> {
  const chunks: string[] = [];
  const log: string[] = [];
  const sockets = new Set<Socket>();
  let whenTold: (api: { host: string; port: number }) => void;
  const api = new Promise<{ host: string; port: number }>((resolve) => {
    whenTold = resolve;
  });
  const tap = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    void api.then((target) => {
      const upstream = connect(target).on('error', () => undefined);
      sockets.add(upstream);
      socket.on('data', (bytes) => chunks.push(bytes.toString('latin1')));
      upstream.on('data', (bytes) => answer(bytes, socket));
      upstream.on('close', () => socket.destroy());
      socket.pipe(upstream);
    });
  });
  await new Promise<void>((resolve) => {
    tap.listen(0, '127.0.0.1', resolve);
  });
  const { port } = tap.address() as AddressInfo;
  // An exec wrapper is where the address of the API can be changed before the runtime reads it.
  const wrapper = `#!/bin/sh\necho "API $AWS_LAMBDA_RUNTIME_API"\nexport AWS_LAMBDA_RUNTIME_API=127.0.0.1:${port}\nexec "$@"\n`;
  const dir = await mkdtemp(join(tmpdir(), 'clickspan-wrapper-'));
  await writeFile(join(dir, 'wrapper'), wrapper);
  await chmod(join(dir, 'wrapper'), 0o755);
  const environment = { AWS_LAMBDA_EXEC_WRAPPER: join(dir, 'wrapper') };
  const running = await startStage([{ name: 'f', runtime, source, environment, timeoutMs: 60_000 }], {
    ...options,
    runtimeClient,
    onLog: ({ line }) => {
      log.push(line);
      const [, host, upstreamPort] = /^API (.+):(\d+)$/.exec(line) ?? [];
      if (host) whenTold({ host, port: Number(upstreamPort) });
    },
  });
  stage = running;
  const stop = async (): Promise<void> => {
    await running.stop();
    stage = undefined;
    for (const socket of sockets) socket.destroy();
    tap.close();
    await rm(dir, { recursive: true });
  };
  return { running: { ...running, log }, sent: () => chunks.join(''), stop };
}

async function wire(runtimeClient: RuntimeClientKind, runtime: RuntimeName): Promise<string[]> {
  const source = `
    export const handler = async (event) => { if (event === 'throw') throw new Error('boom'); return event; };
  `;
  const { running, sent, stop } = await startTapped(source, [runtimeClient, runtime]);
  await running.emulator.invoke('f', 'ok ✓');
  await until('it rests', () => running.environments()[0]?.state === 'idle');
  await running.emulator.invoke('f', 'throw');
  await until('it rests again', () => running.environments()[0]?.invocations[1]?.endUnixMs);
  await stop();
  return toRequests(sent());
}

const TICK_QUEUE = String.raw`\{"path":"node","line":null,"label":"process\.processTicksAndRejections"\}`;
const TICK_QUEUE_CAUSE = new RegExp(`${TICK_QUEUE},|,${TICK_QUEUE}`, 'g');

/**
 * Leaves out what differs from run to run, and one frame of Node's own: where a promise is settled by a socket and not
 * by native code, Node's tick queue is on the stack.
 */
function withoutRun(text: string): string {
  return text
    .replaceAll(/clickspan-function-\w+/g, 'code')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/content-length: \d+\n/g, 'content-length: N\n')
    .replaceAll(
      /"    at process\.processTicksAndRejections [^"]*",|,"    at process\.processTicksAndRejections [^"]*"/g,
      '',
    )
    .replaceAll(TICK_QUEUE_CAUSE, '')
    .replaceAll('"paths":["file","node"]', '"paths":["file"]');
}

/** Requests as sorted header lines and body; what names the client or the run is left out. */
function toRequests(text: string): string[] {
  return text
    .split(/(?=(?:GET|POST) \/2018)/)
    .map((request) => {
      const [head = '', body = ''] = request.split('\r\n\r\n');
      const [line, ...headers] = head.split('\r\n');
      const kept = headers.map((header) =>
        header.replace(/^([^:]+):\s*/, (_, name: string) => `${name.toLowerCase()}: `),
      );
      const told = kept.filter((header) => !/^(user-agent|host):/.test(header)).toSorted();
      return [line, ...told, '', body].join('\n');
    })
    .map(withoutRun);
}

describe.each(['nodejs24.x', 'nodejs22.x'] as const)('the stand-in for the native half (%s)', (runtime) => {
  const hasNative = runtimeClientsToTest(runtime).includes('native');

  it.skipIf(!hasNative)(
    'gives function and caller the same (needs the native half: node scripts/buildNative.mjs)',
    async () => {
      expect(await answers('stand-in', runtime)).toEqual(await answers('native', runtime));
    },
  );

  it.skipIf(!hasNative)(
    'sends the same over the wire (needs the native half: node scripts/buildNative.mjs)',
    async () => {
      const [standIn, native] = [await wire('stand-in', runtime), await wire('native', runtime)];
      expect(standIn.map((request) => request.split('\n')[0])).toEqual([
        'GET /2018-06-01/runtime/invocation/next HTTP/1.1',
        'POST /2018-06-01/runtime/invocation/ID/response HTTP/1.1',
        'GET /2018-06-01/runtime/invocation/next HTTP/1.1',
        'POST /2018-06-01/runtime/invocation/ID/error HTTP/1.1',
        'GET /2018-06-01/runtime/invocation/next HTTP/1.1',
      ]);
      expect(standIn).toEqual(native);
    },
  );

  it.each(runtimeClientsToTest(runtime))(
    'holds the thread until its answer is acknowledged (%s)',
    async (runtimeClient) => {
      const source = `
      export const handler = async () => {
        setImmediate(() => setImmediate(() => console.log('AFTER')));
        setInterval(() => console.log('TICK'), 10);
        return 'answer';
      };
    `;
      // The acknowledgement of the answer is kept back; whatever the function wrote meanwhile, its thread went on.
      let release: (() => void) | undefined;
      const { running, stop } = await startTapped(
        source,
        [runtimeClient, runtime],
        { freeze: false },
        (bytes, socket) => {
          if (bytes.toString('latin1').startsWith('HTTP/1.1 202')) release = () => void socket.write(bytes);
          else socket.write(bytes);
        },
      );
      const own = (): readonly string[] => running.log.filter((line) => /(AFTER|TICK)$/.test(line));
      expect((await running.emulator.invoke('f', {})).payload).toBe('answer');
      await until('it is acknowledged', () => release);
      await sleep(500);
      expect(own()).toEqual([]);
      release!();
      await until('it goes on', () => own().length > 1);
      await stop();
    },
  );

  it('is invisible to what the function itself starts', async () => {
    stage = await startStage(
      [
        {
          name: 'f',
          runtime,
          timeoutMs: 20_000,
          source: `
            import { execFileSync } from 'node:child_process';
            import { Worker } from 'node:worker_threads';
            import { once } from 'node:events';
            export const handler = async () => {
              const show = 'process.env.NODE_OPTIONS ?? "none"';
              const child = execFileSync(process.execPath, ['-p', show], { encoding: 'utf8' }).trim();
              const worker = new Worker('require("node:worker_threads").parentPort.postMessage("alive")', { eval: true });
              return { child, worker: (await once(worker, 'message'))[0], own: process.env.NODE_OPTIONS ?? 'none' };
            };
          `,
        },
      ],
      { runtimeClient: 'stand-in' },
    );
    expect((await stage.emulator.invoke('f', {})).payload).toEqual({
      child: 'none',
      worker: 'alive',
      own: 'none',
    });
  });
});
