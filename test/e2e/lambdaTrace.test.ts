import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import { runtimeClientsToTest, sleep, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';
import { isInvocation, isType, withLayer } from '../support/layer.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE_ID}-${CALLER}-03`;

let collector: FakeCollector;
let stage: Stage | undefined;
let upstream: Server;
let upstreamHeaders: IncomingHttpHeaders[];
let upstreamUrl: string;

beforeEach(async () => {
  collector = await startFakeCollector();
  upstreamHeaders = [];
  upstream = createServer((request, response) => {
    upstreamHeaders.push(request.headers);
    request.resume();
    response.writeHead(request.url === '/missing' ? 404 : 200);
    response.end('hello');
  });
  await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
  upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
  await collector.stop();
  await new Promise((done) => upstream.close(done));
});

describe.each(runtimeClientsToTest())('the layer in a function (%s)', (runtimeClient) => {
  const start = async (config: Omit<StageFunction, 'name'>, options: object = {}): Promise<Stage> => {
    const environment = { UPSTREAM: upstreamUrl, ...(config.environment as object) };
    const functions = [
      withLayer({ timeoutMs: 10_000, ...config, name: 'orders', environment }, collector.url),
    ];
    stage = await startStage(functions, {
      runtimeClient,
      httpApis: [{ name: 'api', routes: [{ route: 'POST /orders', function: 'orders' }] }],
      ...options,
    });
    return stage;
  };
  const post = (
    running: Stage,
    headers: Record<string, string> = { traceparent: TRACEPARENT },
  ): Promise<Response> =>
    fetch(`${running.emulator.urls['api']}/orders?item=7`, { method: 'POST', headers, body: '{}' });

  it('continues the trace of the caller, and hands it on to whom the handler calls', async () => {
    const running = await start({
      source: `
        import { get } from 'node:http';
        export const handler = async () => {
          await (await fetch(process.env.UPSTREAM + '/fetched')).text();
          await new Promise((resolve) => get(process.env.UPSTREAM + '/got', (r) => r.resume().on('end', resolve)));
          return { statusCode: 201, body: 'done' };
        };`,
    });
    const response = await post(running, { traceparent: TRACEPARENT, tracestate: 'vendor=1' });
    expect([response.status, await response.text()]).toEqual([201, 'done']);
    const invocation = await collector.waitForSpan(isInvocation());
    expect(invocation).toMatchObject({
      traceId: TRACE_ID,
      parentSpanId: CALLER,
      name: 'POST /orders',
      kind: 2,
      status: { code: 0 },
    });
    expect(invocation.attributes).toMatchObject({
      'faas.trigger': 'http',
      'faas.coldstart': true,
      'http.request.method': 'POST',
      'http.route': '/orders',
      'url.path': '/orders',
      'url.query': 'item=7',
      'http.response.status_code': 201,
    });
    expect(invocation.resource).toMatchObject({ 'service.name': 'orders', 'faas.name': 'orders' });
    const calls = collector.spans.filter(isType('call'));
    expect(calls.map(({ parentSpanId, kind, traceId }) => ({ parentSpanId, kind, traceId }))).toEqual([
      { parentSpanId: invocation.spanId, kind: 3, traceId: TRACE_ID },
      { parentSpanId: invocation.spanId, kind: 3, traceId: TRACE_ID },
    ]);
    expect(upstreamHeaders.map((headers) => headers['traceparent'])).toEqual(
      calls.map(({ spanId }) => `00-${TRACE_ID}-${spanId}-03`),
    );
    expect(upstreamHeaders.map((headers) => headers['tracestate'])).toEqual(['vendor=1', 'vendor=1']);
  });

  it('never writes over a traceparent that the handler sends itself', async () => {
    const own = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    const running = await start({
      source: `
        import { get } from 'node:http';
        const headers = { traceparent: '${own}' };
        export const handler = async () => {
          await fetch(process.env.UPSTREAM, { headers });
          await new Promise((resolve) => get(process.env.UPSTREAM, { headers }, (r) => r.resume().on('end', resolve)));
        };`,
    });
    await post(running);
    expect(upstreamHeaders.map((headers) => headers['traceparent'])).toEqual([own, own]);
  });

  it('marks failed calls, also such whose answer nobody reads', async () => {
    const running = await start({
      source: `
        export const handler = async () => {
          await fetch(process.env.UPSTREAM + '/missing');
          await fetch('http://127.0.0.1:9').catch(() => {});
          await fetch('http://127.0.0.1:2').catch(() => {});
        };`,
    });
    await post(running);
    await collector.waitForSpan(isInvocation());
    const calls = collector.spans.filter(isType('call'));
    expect(calls.map(({ status, attributes }) => [status.code, attributes['error.type']])).toContainEqual([
      2,
      '404',
    ]);
    expect(calls.map(({ attributes }) => attributes['error.type'])).toContain('ECONNREFUSED');
  });

  it('puts an init span beside a cold invocation, and none beside a warm one', async () => {
    const running = await start({
      source:
        'await new Promise((r) => setTimeout(r, 150)); export const handler = async () => ({ statusCode: 200 });',
    });
    const timings: (string | null)[] = [];
    for (let i = 0; i < 2; i++) {
      // One after the other: the second finds the environment warm.
      timings.push((await post(running)).headers.get('server-timing'));
      await until('frozen', () => running.environments()[0]?.frozen);
    }
    const [first, second] = await collector.waitForSpans(2, isInvocation());
    const inits = collector.spans.filter(isType('init'));
    expect(inits).toHaveLength(1);
    const [init] = inits;
    expect(init).toMatchObject({ name: 'init', kind: 1, traceId: TRACE_ID, parentSpanId: CALLER });
    expect(init!.endUnixMs - init!.startUnixMs).toBeGreaterThan(150);
    expect(init!.endUnixMs).toBeLessThanOrEqual(first!.startUnixMs + 1);
    expect([first!.attributes['faas.coldstart'], second!.attributes['faas.coldstart']]).toEqual([
      true,
      false,
    ]);
    expect(timings[0]).toContain(`traceparent;desc="00-${TRACE_ID}-${first!.spanId}-03"`);
    expect(timings[0]).toContain(`trace;desc=00-${TRACE_ID}-${first!.spanId}-03`);
    expect(timings[0]).toMatch(/coldstart;dur=\d+.*init;dur=\d+.*handler;dur=\d/);
    expect(timings[1]).not.toMatch(/coldstart|init/);
  });

  it('finds the same cold starts as the emulator knows of, under parallel requests', async () => {
    const running = await start({
      source: 'export const handler = async () => { await new Promise((r) => setTimeout(r, 100)); };',
    });
    for (let round = 0; round < 3; round++) {
      // Rounds of growing width, so that each finds some environments warm.
      await Promise.all(Array.from({ length: round + 1 }, () => post(running)));
    }
    await collector.waitForSpans(6, isInvocation());
    const found = collector.spans
      .filter(isInvocation())
      .map(({ attributes }) => [attributes['faas.invocation_id'], attributes['faas.coldstart']] as const);
    const known = running
      .environments()
      .flatMap(({ invocations }) => invocations.map(({ requestId, cold }) => [requestId, cold] as const));
    expect(new Map(found)).toEqual(new Map(known));
    expect(found).toHaveLength(6);
    expect(collector.spans.filter(isType('init'))).toHaveLength(running.environments().length);
  });

  it('begins a new trace where the traceparent is malformed', async () => {
    const running = await start({ source: 'export const handler = async () => ({ statusCode: 200 });' });
    expect((await post(running, { traceparent: `00-${'0'.repeat(32)}-${CALLER}-01` })).status).toBe(200);
    const invocation = await collector.waitForSpan(isInvocation());
    expect(invocation.parentSpanId).toBe('');
    expect(invocation.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(invocation.traceId).not.toBe('0'.repeat(32));
    const [init] = collector.spans.filter(isType('init'));
    expect(init).toMatchObject({ traceId: invocation.traceId, parentSpanId: invocation.spanId });
  });

  it('records what a handler throws', async () => {
    const running = await start({
      source: 'export const handler = async () => { throw new RangeError("too much"); };',
    });
    const { functionError, payload } = await running.emulator.invoke('orders', null);
    expect(functionError).toBeTruthy();
    expect(payload).toMatchObject({ errorType: 'RangeError', errorMessage: 'too much' });
    const invocation = await collector.waitForSpan(isInvocation());
    expect(invocation.status).toEqual({ code: 2, message: 'too much' });
    expect(invocation.attributes['error.type']).toBe('RangeError');
    expect(invocation.events[0]).toMatchObject({ name: 'exception' });
    expect(invocation.events[0]!.attributes['exception.stacktrace']).toContain('index.mjs');
  });

  it('sends the span of a handler that never settles before the platform kills it', async () => {
    const running = await start({
      timeoutMs: 1500,
      source: 'setInterval(() => {}, 100); export const handler = () => new Promise(() => {});',
    });
    const { functionError } = await running.emulator.invoke('orders', {});
    expect(functionError).toBeTruthy();
    const [invocation, ...more] = collector.spans.filter(isInvocation());
    expect(more).toEqual([]);
    expect(invocation).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'timeout' } });
  });

  it('leaves child processes and worker threads alone', async () => {
    const running = await start({
      source: `
        import { execFileSync } from 'node:child_process';
        import { Worker } from 'node:worker_threads';
        const probe = \`JSON.stringify([process.env._HANDLER, typeof globalThis[Symbol.for('clickspan.agent')],
          process.env.CLICKSPAN_HANDLER ?? null])\`;
        export const handler = async () => {
          const child = execFileSync(process.execPath, ['-p', probe], { encoding: 'utf8' }).trim();
          const worker = new Worker('require("node:worker_threads").parentPort.postMessage(' + probe + ')', { eval: true });
          const threaded = await new Promise((resolve) => worker.once('message', resolve));
          return { own: eval(probe), child, threaded };
        };`,
    });
    const { payload } = await running.emulator.invoke('orders', {});
    expect(payload).toEqual({
      own: '["index.handler","object",null]',
      child: '["index.handler","undefined",null]',
      threaded: '["index.handler","undefined",null]',
    });
    await collector.waitForSpan(isInvocation());
    await sleep(100);
    expect(collector.spans.filter(isInvocation())).toHaveLength(1);
  });

  it('can be put before the runtime by its own wrapper', async () => {
    const running = await start({
      source: 'export const handler = async () => [process.env._HANDLER, process.env.NODE_OPTIONS];',
      environment: {
        NODE_OPTIONS: '--no-warnings',
        AWS_LAMBDA_EXEC_WRAPPER: '/opt/clickspan/wrapper',
      },
    });
    const { payload, requestId } = await running.emulator.invoke('orders', {});
    expect(payload).toEqual(['index.handler', expect.stringMatching(/^--require .* --no-warnings$/)]);
    await collector.waitForSpan(isInvocation(requestId));
  });

  it('reaches the runtime through a Node process that starts it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clickspan-wrapper-'));
    const wrapper = join(folder, 'wrapper.cjs');
    const launch =
      "process.exit(require('node:child_process').spawnSync(process.argv[2], process.argv.slice(3), { stdio: 'inherit' }).status)";
    await writeFile(wrapper, `#!${process.execPath}\n${launch}`, { mode: 0o755 });
    try {
      const running = await start({
        source:
          'export const handler = async () => Object.keys(process.env).filter((name) => /HANDLER/.test(name)).map((name) => process.env[name]);',
        environment: { AWS_LAMBDA_EXEC_WRAPPER: wrapper },
      });
      const { payload, requestId } = await running.emulator.invoke('orders', {});
      expect(payload).toEqual(['index.handler']);
      await collector.waitForSpan(isInvocation(requestId));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('lets spans of the OpenTelemetry API join', async () => {
    const api = new URL('../../node_modules/@opentelemetry/api/build/src/index.js', import.meta.url).pathname;
    const running = await start({
      source: `
        import api from ${JSON.stringify(api)};
        const { trace, context } = api;
        export const handler = async () => trace.getTracer('mine').startActiveSpan('work', async (span) => {
          await null;
          await (await fetch(process.env.UPSTREAM)).text();
          trace.getTracer('mine').startSpan('inner').end();
          span.end();
          return trace.getSpan(context.active()).spanContext().spanId;
        });`,
    });
    await post(running);
    const invocation = await collector.waitForSpan(isInvocation());
    const work = collector.spans.find(({ name }) => name === 'work');
    expect(work).toMatchObject({ parentSpanId: invocation.spanId, traceId: TRACE_ID, scope: 'mine' });
    const children = collector.spans.filter(({ parentSpanId }) => parentSpanId === work!.spanId);
    expect(children.map(({ name }) => name).sort()).toEqual(['GET', 'inner']);
  });
});
