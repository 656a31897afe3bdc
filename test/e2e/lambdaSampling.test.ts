import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import { sleep, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { isInvocation, isType, withLayer } from '../support/layer.ts';

/** Calls upstream, and ends as the event or path says. */
const SOURCE = `
  export const handler = async (event) => {
    await (await fetch(process.env.UPSTREAM)).text();
    const how = event?.rawPath?.slice(1) ?? event?.how;
    if (how === 'throw') throw new RangeError('no');
    return how === 'fail' ? { statusCode: 503 } : { statusCode: 200, body: 'ok' };
  };`;

let collector: FakeCollector;
let upstream: Server;
let upstreamHeaders: IncomingHttpHeaders[];
let stage: Stage | undefined;
beforeEach(async () => {
  collector = await startFakeCollector();
  upstreamHeaders = [];
  upstream = createServer((request, response) => {
    upstreamHeaders.push(request.headers);
    response.end('hello');
  });
  await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
});
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
  await collector.stop();
  await new Promise((done) => upstream.close(done));
});

const start = async (environment: Record<string, string>): Promise<Stage> => {
  const { port } = upstream.address() as AddressInfo;
  const config = { name: 'f', source: SOURCE, timeoutMs: 5000 };
  stage = await startStage(
    [
      withLayer(
        { ...config, environment: { UPSTREAM: `http://127.0.0.1:${port}`, ...environment } },
        collector.url,
      ),
    ],
    { functionUrls: [{ function: 'f' }] },
  );
  return stage;
};
const invoke = async (running: Stage, how: string): Promise<string> => {
  const { requestId } = await running.emulator.invoke('f', { how });
  await until('the environment rests', () => running.environments()[0]!.frozen);
  return requestId;
};
const get = async (running: Stage, path: string, flags?: string): Promise<Response> => {
  const traceparent = `00-${crypto.randomUUID().replaceAll('-', '')}-b7ad6b7169203331-${flags}`;
  const headers: Record<string, string> = flags === undefined ? {} : { traceparent };
  const response = await fetch(`${running.emulator.functionUrls['f']}${path}`, { headers });
  await response.text();
  await until('the environment rests', () => running.environments()[0]!.frozen);
  return response;
};
const NONE = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' };

describe('a function whose traces are sampled', () => {
  it('tells of cold starts and errors, with their calls, and of nothing else', async () => {
    const running = await start(NONE);
    const cold = await invoke(running, 'well');
    const warm = await invoke(running, 'well');
    const failed = await invoke(running, 'throw');
    await invoke(running, 'well');
    const told = collector.spans.filter(isInvocation());
    expect(told.map(({ attributes }) => attributes['faas.invocation_id'])).toEqual([cold, failed]);
    expect(collector.spans.filter(isInvocation(warm))).toEqual([]);
    for (const { spanId, traceId } of told) {
      const calls = collector.spans.filter((span) => isType('call')(span) && span.parentSpanId === spanId);
      expect(calls).toHaveLength(1);
      expect(calls[0]!.traceId).toBe(traceId);
    }
    expect(collector.spans.filter(isType('init'))).toHaveLength(1);
    // What is decided here is told to whom the function calls, before anybody knows how it ends.
    expect(new Set(upstreamHeaders.map((headers) => String(headers['traceparent']).slice(-2)))).toEqual(
      new Set(['02']),
    );
  });

  it('tells of HTTP errors, and says in the response what is recorded', async () => {
    const running = await start({ ...NONE, CLICKSPAN_KEEP: 'errors' });
    const responses = [await get(running, '/well'), await get(running, '/fail')];
    const [invocation, ...more] = await collector.waitForSpans(1, isInvocation());
    expect(more).toEqual([]);
    expect(invocation!.attributes['http.response.status_code']).toBe(503);
    const flags = responses.map(
      ({ headers }) => /traceparent;desc="00-[^"]*-(..)"/.exec(headers.get('server-timing')!)![1],
    );
    expect(flags).toEqual(['02', '03']);
  });

  it.each([
    ['always_on', '02', true],
    ['always_off', '03', false],
    ['parentbased_always_off', '03', true],
    ['parentbased_always_off', undefined, false],
    ['parentbased_always_on', '02', false],
    ['traceidratio', '03', false],
  ])('%s, called with flags %s: recorded %s', async (sampler, flags, recorded) => {
    const running = await start({
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: '0',
      CLICKSPAN_KEEP: 'none',
    });
    await get(running, '/well', flags);
    await get(running, '/throw', flags);
    expect(collector.spans.filter(isInvocation())).toHaveLength(recorded ? 2 : 0);
    const sent = upstreamHeaders.map((headers) => String(headers['traceparent']).slice(-2));
    expect(new Set(sent.map((value) => Number(value) & 1))).toEqual(new Set([recorded ? 1 : 0]));
  });

  it('believes strangers only so often that they want their traces recorded', async () => {
    const running = await start({
      ...NONE,
      CLICKSPAN_KEEP: 'none',
      CLICKSPAN_TRUSTED_TRACES_PER_SECOND: '2',
    });
    const startMs = Date.now();
    for (let i = 0; i < 12; i++) await get(running, '/well', '03');
    const seconds = (Date.now() - startMs) / 1000;
    const recorded = collector.spans.filter(isInvocation()).length;
    expect(recorded).toBeGreaterThanOrEqual(2);
    expect(recorded).toBeLessThanOrEqual(2 + Math.ceil(2 * seconds));
  });

  it('warns of a sampler that there is not, and records everything', async () => {
    const running = await start({ OTEL_TRACES_SAMPLER: 'jaeger_remote' });
    await get(running, '/well');
    expect(collector.spans.filter(isInvocation())).toHaveLength(1);
    expect(running.log.join('\n')).toContain('OTEL_TRACES_SAMPLER is not a valid choice');
  });
});

describe('the environment of a function', () => {
  it('tells of the parts of its start', async () => {
    stage = await startStage([
      withLayer(
        {
          name: 'f',
          source: 'await new Promise((r) => setTimeout(r, 120)); export const handler = async () => 1;',
        },
        collector.url,
      ),
    ]);
    await stage.emulator.invoke('f', {});
    const invocation = await collector.waitForSpan(isInvocation());
    const [init] = collector.spans.filter(isType('init'));
    expect(init!.attributes['clickspan.init.type']).toBe('on-demand');
    expect(invocation.attributes['clickspan.init.type']).toBe('on-demand');
    expect(invocation.attributes['clickspan.init_ms']).toBeCloseTo(init!.endUnixMs - init!.startUnixMs, 0);
    const parts = collector.spans.filter(({ parentSpanId }) => parentSpanId === init!.spanId);
    expect(parts.map(({ name }) => name).sort()).toEqual([
      'load code',
      'register extension',
      'start runtime',
    ]);
    const load = parts.find(({ name }) => name === 'load code')!;
    expect(load.endUnixMs - load.startUnixMs).toBeGreaterThan(110);
    for (const { startUnixMs, endUnixMs } of parts) {
      expect(startUnixMs).toBeGreaterThanOrEqual(init!.startUnixMs - 0.01);
      expect(endUnixMs).toBeLessThanOrEqual(init!.endUnixMs + 0.01);
    }
  });
});

describe('an environment that was made before any event', () => {
  it('has a start that nobody waited for, as a trace of its own: provisioned', async () => {
    stage = await startStage([
      withLayer(
        { name: 'f', source: 'export const handler = async () => 1;', provisionedConcurrency: 1 },
        collector.url,
      ),
    ]);
    await stage.emulator.invoke('f', {});
    await until('the environment rests', () => stage!.environments()[0]!.frozen);
    await stage.emulator.invoke('f', {});
    const [first, second] = await collector.waitForSpans(2, isInvocation());
    const [init, ...more] = collector.spans.filter(isType('init'));
    expect(more).toEqual([]);
    expect(first!.attributes).toMatchObject({
      'faas.coldstart': false,
      'clickspan.init.type': 'provisioned-concurrency',
    });
    expect(second!.attributes['clickspan.init.type']).toBeUndefined();
    expect([init!.parentSpanId, init!.traceId === first!.traceId]).toEqual(['', false]);
    expect(first!.links).toEqual([{ traceId: init!.traceId, spanId: init!.spanId }]);
    expect(second!.links).toEqual([]);
  });

  it('is told apart where AWS made it ahead of demand', async () => {
    stage = await startStage([
      withLayer({ name: 'f', source: 'export const handler = async () => 1;' }, collector.url),
    ]);
    await stage.emulator.initialize('f');
    await sleep(10_200);
    await stage.emulator.invoke('f', {});
    const invocation = await collector.waitForSpan(isInvocation());
    expect(invocation.attributes).toMatchObject({
      'faas.coldstart': false,
      'clickspan.init.type': 'on-demand',
      'clickspan.init.proactive': true,
    });
    const [init] = collector.spans.filter(isType('init'));
    expect(init!.attributes['clickspan.init.proactive']).toBe(true);
    expect(init!.endUnixMs).toBeLessThan(invocation.startUnixMs - 10_000);
  });
});

describe('the slowest imports of a function', () => {
  it('are told where asked for', async () => {
    stage = await startStage([
      withLayer(
        {
          name: 'f',
          source: 'import "./slow.cjs"; await import("./late.mjs"); export const handler = async () => 1;',
          files: {
            'slow.cjs': 'require("./inner.cjs");',
            'inner.cjs': 'for (const end = Date.now() + 60; Date.now() < end;);',
            'late.mjs': 'for (const end = Date.now() + 30; Date.now() < end;);',
          },
          environment: { CLICKSPAN_SLOWEST_IMPORTS: '4' },
        },
        collector.url,
      ),
    ]);
    await stage.emulator.invoke('f', {});
    await collector.waitForSpan(isInvocation());
    const [init] = collector.spans.filter(isType('init'));
    const imports = collector.spans.filter(({ name }) => name.startsWith('import '));
    expect(imports.every(({ parentSpanId }) => parentSpanId === init!.spanId)).toBe(true);
    const lengths = new Map(
      imports.map(({ name, startUnixMs, endUnixMs }) => [name, endUnixMs - startUnixMs]),
    );
    expect(lengths.get('import slow.cjs')).toBeGreaterThan(55);
    expect(lengths.get('import ./inner.cjs')).toBeGreaterThan(55);
    expect(lengths.get('import ./late.mjs')).toBeGreaterThan(25);
  });
});

describe('what is recorded of payloads', () => {
  it('is nothing, and everything but secrets where asked for', async () => {
    for (const wanted of [false, true]) {
      await stage?.stop();
      collector.clear();
      const environment: Record<string, string> = wanted
        ? { CLICKSPAN_CAPTURE_EVENT: 'true', CLICKSPAN_CAPTURE_RESULT: 'true' }
        : {};
      stage = await startStage([
        withLayer(
          {
            name: 'f',
            source: 'export const handler = async (event) => ({ token: "abc", order: event.order });',
            environment,
          },
          collector.url,
        ),
      ]);
      const { payload } = await stage.emulator.invoke('f', { order: 7, password: 'hunter22' });
      expect(payload).toEqual({ token: 'abc', order: 7 });
      const { attributes } = await collector.waitForSpan(isInvocation());
      expect([attributes['clickspan.event'], attributes['clickspan.result']]).toEqual(
        wanted ? ['{"order":7,"password":"*"}', '{"token":"*","order":7}'] : [undefined, undefined],
      );
      expect(JSON.stringify(collector.spans)).not.toContain('hunter22');
    }
  });
});
