import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import { isInvocation, isType } from '../support/layer.ts';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';

const PRELOAD = fileURLToPath(
  new URL('../../packages/lambda/dist/layer/clickspan/preload.cjs', import.meta.url),
);
const REQUESTS = 100;

/** Waits in many ways, and calls upstream in between. */
const SOURCE = `
  import { isMainThread, threadId, Worker } from 'node:worker_threads';
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const found = "[process.env._HANDLER, typeof globalThis[Symbol.for('clickspan.agent')]]";
  export const handler = async (event) => {
    if (event.worker) {
      const worker = new Worker('require("node:worker_threads").parentPort.postMessage(' + found + ')', { eval: true });
      return { own: eval(found), threaded: await new Promise((resolve) => worker.once('message', resolve)) };
    }
    await wait(Math.random() * 20);
    await (await fetch(process.env.UPSTREAM + '/' + event.n + '/a')).text();
    await wait(Math.random() * 20);
    console.log('request', event.n);
    if (event.n % 10 === 9) throw new RangeError('n ' + event.n);
    await (await fetch(process.env.UPSTREAM + '/' + event.n + '/b')).text();
    return { n: event.n, threadId, isMainThread };
  };`;

let collector: FakeCollector;
let upstream: Server;
let traceparents: Map<string, string>;
let stage: Stage;
beforeEach(async () => {
  collector = await startFakeCollector();
  traceparents = new Map();
  upstream = createServer((request, response) => {
    traceparents.set(request.url!, String(request.headers['traceparent']));
    setTimeout(() => response.end('hello'), Math.random() * 10);
  });
  await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
  const { port } = upstream.address() as AddressInfo;
  stage = await startStage([
    {
      name: 'f',
      source: SOURCE,
      timeoutMs: 10_000,
      reservedConcurrency: 1,
      managedInstances: { maxConcurrency: REQUESTS, workers: 2 },
      environment: {
        NODE_OPTIONS: `--require ${PRELOAD}`,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_METRICS_EXPORTER: 'otlp',
        CLICKSPAN_LOGS: 'all',
        UPSTREAM: `http://127.0.0.1:${port}`,
      },
    },
  ]);
});
afterEach(async () => {
  await stage.stop();
  await collector.stop();
  upstream.closeAllConnections();
  await new Promise((done) => upstream.close(done));
});

const invoke = async (event: unknown): Promise<unknown> => (await stage.emulator.invoke('f', event)).payload;

describe('an environment that serves many requests at once', () => {
  it('mixes nothing up, and sends everything by its timer', async () => {
    const answers = (await Promise.all(Array.from({ length: REQUESTS }, (_, n) => invoke({ n })))) as {
      n: number;
      threadId: number;
      isMainThread: boolean;
    }[];
    expect(answers.filter(({ n }) => n !== undefined)).toHaveLength(REQUESTS * 0.9);
    const threads = new Set(answers.map(({ threadId }) => threadId).filter((id) => id !== undefined));
    expect(threads.size).toBe(2);
    const invocations = await collector.waitForSpans(REQUESTS, isInvocation());
    expect(invocations).toHaveLength(REQUESTS);
    expect(new Set(invocations.map(({ traceId }) => traceId)).size).toBe(REQUESTS);
    for (const { spanId, traceId, attributes, status } of invocations) {
      expect(attributes).toMatchObject({ 'faas.coldstart': false });
      const calls = collector.spans.filter((span) => isType('call')(span) && span.parentSpanId === spanId);
      const numbers = new Set(calls.map((call) => String(call.attributes['url.full']).split('/').at(-2)));
      expect(numbers.size).toBe(1);
      const [n] = numbers;
      expect(calls).toHaveLength(Number(n) % 10 === 9 ? 1 : 2);
      await collector.waitForLog(
        (log) =>
          log.body === `request ${n}` &&
          log.spanId === spanId &&
          log.attributes['faas.invocation_id'] === attributes['faas.invocation_id'],
      );
      expect(status.code).toBe(Number(n) % 10 === 9 ? 2 : 0);
      for (const call of calls) {
        expect(call.traceId).toBe(traceId);
        const path = new URL(String(call.attributes['url.full'])).pathname;
        expect(traceparents.get(path)).toContain(`${traceId}-${call.spanId}`);
      }
    }
    // One environment, two threads; each was initialized once, ahead of demand.
    const inits = collector.spans.filter(isType('init'));
    expect(inits.map(({ attributes }) => attributes['clickspan.init.type'])).toEqual([
      'lambda-managed-instances',
      'lambda-managed-instances',
    ]);
    // Each thread counts what it has served, and nobody knows whose processor time it was.
    const told = (name: string): number =>
      collector.points.filter((point) => point.name === name).reduce((total, { sum }) => total + sum, 0);
    await until('all are counted', () => told('faas.invocations') + told('faas.errors') === REQUESTS);
    expect([told('faas.errors'), told('faas.coldstarts')]).toEqual([REQUESTS / 10, 0]);
    expect(new Set(collector.points.map(({ attributes }) => attributes['thread.id']))).toEqual(threads);
    expect(collector.points.filter(({ name }) => name === 'faas.cpu_usage')).toEqual([]);
    expect(stage.environments()).toMatchObject([{ extensions: [] }]);
    expect(collector.requests.length).toBeLessThan(40);
    expect(stage.log.join('\n')).not.toContain('clickspan:');
  });

  it('leaves threads of the function alone', async () => {
    expect(await invoke({ worker: true })).toEqual({
      own: ['index.handler', 'object'],
      threaded: ['index.handler', 'undefined'],
    });
    await until('its span has come', () => collector.spans.some(isInvocation()));
    expect(collector.spans.filter(isInvocation())).toHaveLength(1);
  });
});
