import { describe, expect, it } from 'vitest';
import type { EnvironmentRecord, InvocationRecord } from '@clickspan/emulator';
import { unixMs } from '../support/collector.ts';
import type { CollectorMode } from '../support/collector.ts';
import { runtimeClientsToTest, until } from '../support/lambdaFixture.ts';
import { isInvocation, withLayer } from '../support/layer.ts';
import { useTestStage } from '../support/testStage.ts';

/** Nothing listens there. */
const REFUSING = 'http://127.0.0.1:9';
const MODES: readonly (CollectorMode | 'refuse' | 'none')[] = [
  'ok',
  'slow',
  'hang',
  'unavailable',
  'broken',
  'refuse',
  'none',
];

const ECHO = `
  const reused = Object.freeze({ statusCode: 200, headers: Object.freeze({ 'X-Mine': 'a', 'Server-Timing': 'db;dur=1' }), body: 'ä'.repeat(1000) });
  const kinds = {
    reused: () => reused,
    shorthand: () => ({ message: 'ö', list: [1, { a: null }], when: new Date(0), not: undefined }),
    text: () => 'plain text',
    nothing: () => undefined,
    zero: () => 0,
    list: () => [1, 2],
    base64: () => ({ statusCode: 200, isBase64Encoded: true, headers: { 'content-type': 'image/png' }, body: 'AAECAwT/' }),
    cookies: () => ({ statusCode: 302, cookies: ['a=1', 'b=2'], headers: { location: '/x' } }),
    toJson: () => ({ toJSON: () => ({ statusCode: 418, body: 'teapot' }) }),
    circular: () => { const o = { statusCode: 200 }; o.self = o; return o; },
    circularShorthand: () => { const o = {}; o.self = o; return o; },
    badStatus: () => ({ statusCode: 'yes', body: 'x' }),
    badHeaders: () => ({ statusCode: 200, headers: 'none', body: 'x' }),
    undefinedStatus: () => ({ statusCode: undefined, message: 'x' }),
    classStatus: () => new (class { message = 'x'; get statusCode() { return 201; } })(),
    boxed: () => Object('text'),
    bodyOnly: () => ({ headers: { 'x-a': '1' }, body: 'b' }),
    ownHeaders: () => ({ statusCode: 200, headers: { 'x-b': '2', toJSON: () => ({ 'x-a': '1' }) } }),
    nearLimit: () => ({ statusCode: 200, body: 'x'.repeat(6 * 1024 * 1024 - 50) }),
    thenGetter: () => ({ get then() { throw new Error('then'); } }),
    revoked: () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; },
    bigint: () => ({ big: 1n }),
    large: () => ({ text: '"'.repeat(100000) }),
    thrown: () => { throw new TypeError('no'); },
    thrownText: () => { throw 'text'; },
  };
  export const handler = async (event) => kinds[event?.rawPath?.slice(1) ?? 'nothing']();
  export const plain = (event) => kinds[event?.rawPath?.slice(1) ?? 'nothing']();
`;
const KINDS: readonly string[] = [...ECHO.matchAll(/^ {4}(\w+): \(\)/gm)].map(([, kind]) => kind!);

const here = useTestStage();

/** What a caller can see of an answer, without what is different every time. */
async function seen(url: string): Promise<unknown> {
  const response = await fetch(url, { redirect: 'manual' });
  const headers = [...response.headers].filter(
    ([name]) =>
      !['server-timing', 'date', 'apigw-requestid', 'x-amzn-requestid', 'x-amzn-trace-id'].includes(name),
  );
  return {
    status: response.status,
    headers,
    body: Buffer.from(await response.arrayBuffer()).toString('base64'),
  };
}

const lastInvocation = (environments: readonly EnvironmentRecord[]): InvocationRecord =>
  environments[0]!.invocations.at(-1)!;

describe.each(runtimeClientsToTest())('the layer (%s)', (runtimeClient) => {
  it.each(['index.handler', 'index.plain'])(
    'gives the caller the same bytes as without it (%s)',
    async (handler) => {
      const bare = { source: ECHO, handler, timeoutMs: 10_000, memoryMb: 512 };
      const stage = await here.start(
        [{ ...bare, name: 'bare' }, withLayer({ ...bare, name: 'traced' }, here.collector.url)],
        { runtimeClient, functionUrls: [{ function: 'bare' }, { function: 'traced' }] },
      );
      const { functionUrls } = stage.emulator;
      for (const kind of KINDS) {
        const [bareAnswer, tracedAnswer] = [
          await seen(`${functionUrls['bare']}/${kind}`),
          await seen(`${functionUrls['traced']}/${kind}`),
        ];
        expect(tracedAnswer, kind).toEqual(bareAnswer);
      }
      const invocations = await here.collector.waitForSpans(KINDS.length, isInvocation());
      // A request may find the first environment still sending, and get a second one: the order is not given.
      expect(invocations.map(({ attributes }) => String(attributes['url.path'])).sort()).toEqual(
        KINDS.map((kind) => `/${kind}`).sort(),
      );
    },
  );

  it('appends to the Server-Timing header of the function, and keeps its object as it is', async () => {
    const stage = await here.start(
      [withLayer({ name: 'traced', source: ECHO, timeoutMs: 10_000 }, here.collector.url)],
      {
        runtimeClient,
        functionUrls: [{ function: 'traced' }],
      },
    );
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${stage.emulator.functionUrls['traced']}/reused`);
      expect(response.headers.get('server-timing')).toMatch(
        /^db;dur=1, traceparent;desc="00-[^,]*, trace;desc=/,
      );
      expect(response.headers.get('server-timing')!.match(/traceparent/g)).toHaveLength(1);
    }
  });

  it.each(MODES)(
    'answers the caller before it begins to send, with a collector that is: %s',
    async (mode) => {
      if (mode !== 'refuse' && mode !== 'none') here.collector.behave(mode, 400);
      const endpoint = mode === 'none' ? undefined : mode === 'refuse' ? REFUSING : here.collector.url;
      const stage = await here.start([withLayer({ name: 'f', source: ECHO, timeoutMs: 10_000 }, endpoint)], {
        runtimeClient,
        functionUrls: [{ function: 'f' }],
      });
      const running = stage;
      for (let i = 0; i < 6; i++) {
        here.collector.clear();
        const response = await fetch(`${running.emulator.functionUrls['f']}/text`);
        expect(await response.text()).toBe('plain text');
        const lastByteUnixMs = unixMs();
        await until('the invocation is over', () => lastInvocation(running.environments()).endUnixMs);
        const { responseUnixMs, endUnixMs } = lastInvocation(running.environments());
        for (const connectedUnixMs of here.collector.connectionsUnixMs)
          expect(connectedUnixMs).toBeGreaterThan(responseUnixMs!);
        for (const { startUnixMs } of here.collector.requests)
          expect(startUnixMs).toBeGreaterThan(lastByteUnixMs);
        // A slow machine adds to it, never by as much as a collector that answers after 400 ms or not at all.
        expect(endUnixMs! - responseUnixMs!).toBeLessThan(390);
      }
    },
  );

  it('stops waiting for a collector that never answers, and sends everything once it works again', async () => {
    here.collector.behave('hang');
    const config = {
      name: 'f',
      source: ECHO,
      timeoutMs: 10_000,
      environment: { OTEL_EXPORTER_OTLP_TIMEOUT: '300' },
    };
    const stage = await here.start([withLayer(config, here.collector.url)], { runtimeClient });
    const running = stage;
    const invoke = async (): Promise<InvocationRecord> => {
      await running.emulator.invoke('f', null);
      await until('the invocation is over', () => lastInvocation(running.environments()).endUnixMs);
      return lastInvocation(running.environments());
    };
    const records: InvocationRecord[] = [];
    for (let i = 0; i < 8; i++) records.push(await invoke());
    const tails = records.map(({ responseUnixMs, endUnixMs }) => endUnixMs! - responseUnixMs!);
    expect(tails.filter((tail) => tail > 150).length).toBeLessThanOrEqual(2);
    here.collector.behave('ok');
    await until('all spans have come', async () => {
      records.push(await invoke());
      return records.slice(0, 8).every(({ requestId }) => here.collector.spans.some(isInvocation(requestId)));
    });
    for (const { requestId } of records.slice(0, 8))
      expect(here.collector.spans.filter(isInvocation(requestId))).toHaveLength(1);
  });

  it.each([
    ['a null event', 'export const handler = async (event) => ({ got: event });', null],
    ['a handler that throws', 'export const handler = async () => { throw new RangeError("no"); };', {}],
    ['a handler that throws nothing', 'export const handler = async () => { throw undefined; };', {}],
    [
      'a handler that never settles',
      'setInterval(() => {}, 50); export const handler = () => new Promise(() => {});',
      {},
    ],
    ['a handler that waits for nothing', 'export const handler = () => new Promise(() => {});', {}],
    ['a handler that exits', 'export const handler = async () => process.exit(7);', {}],
    [
      'a rejection that nobody handles',
      'export const handler = async () => { Promise.reject(new Error("lost")); await new Promise((r) => setTimeout(r, 50)); return 1; };',
      {},
    ],
    [
      'an event that resembles others',
      'export const handler = async (event) => event;',
      {
        version: '2.0',
        headers: { traceparent: [1] },
        requestContext: { http: { method: {} } },
        Records: [null],
      },
    ],
    [
      'a prototype in the event',
      'export const handler = async (event) => Object.keys(event);',
      JSON.parse('{"__proto__":{"version":"2.0"},"version":"2.0","constructor":null}'),
    ],
    [
      'a changed event and context',
      'export const handler = async (event, context) => { event.a = context; delete context.awsRequestId; context.getRemainingTimeInMillis = null; return 1; };',
      {},
    ],
  ])('ends like the bare function, with a collector that hangs: %s', async (_, source, event) => {
    here.collector.behave('hang');
    const config = { source, timeoutMs: 1500 };
    const stage = await here.start(
      [{ ...config, name: 'bare' }, withLayer({ ...config, name: 'traced' }, here.collector.url)],
      { runtimeClient },
    );
    const bare = await stage.emulator.invoke('bare', event);
    const traced = await stage.emulator.invoke('traced', event);
    expect(toComparable(traced)).toEqual(toComparable(bare));
  });

  it.each([
    [
      'no file can be opened',
      `const files = [];
       try { for (;;) files.push(openSync('/dev/null', 'r')); } catch {}
       await wait(600);
       files.forEach(closeSync);`,
    ],
    ['all objects have gained a method', `Object.prototype.mine = () => {};`],
    [
      'lists and objects write themselves as JSON in another way',
      `Array.prototype.toJSON = Object.prototype.toJSON = () => 'mine';`,
    ],
    [
      'timers are those of a page',
      `for (const name of ['setTimeout', 'setInterval']) globalThis[name] = (...args) => void native[name](...args) || 1;
       globalThis.clearTimeout = () => {};`,
    ],
  ])('holds and ends nothing where %s', async (_, change) => {
    const source = `
      import { closeSync, openSync } from 'node:fs';
      const native = { ...globalThis, setTimeout, setInterval };
      const wait = (ms) => new Promise((resolve) => native.setTimeout(resolve, ms));
      export const handler = async () => { ${change} return 1; };`;
    const stage = await here.start([withLayer({ name: 'f', source, timeoutMs: 5000 }, here.collector.url)], {
      runtimeClient,
    });
    const running = stage;
    for (let i = 0; i < 3; i++) {
      const { payload, requestId } = await running.emulator.invoke('f', {});
      expect(payload).toBe(1);
      await until('the invocation is over', () => lastInvocation(running.environments()).endUnixMs);
      const { startUnixMs, endUnixMs } = lastInvocation(running.environments());
      expect(endUnixMs! - startUnixMs).toBeLessThan(3000);
      await here.collector.waitForSpan(isInvocation(requestId));
    }
    expect(running.environments()).toHaveLength(1);
  });

  it.each([
    ['an error', 'throw new RangeError("while loading"); export const handler = 1;'],
    ['an error with properties', 'throw Object.assign(new Error("x"), { name: "Mine", code: "E_MINE" });'],
    ['a text', 'throw "just text";'],
    ['nothing', 'throw undefined;'],
    ['a syntax error', 'export const handler = async () => {'],
    ['a package that is not there', 'import "no-such-package"; export const handler = async () => {};'],
    [
      'a required package that is not there',
      'import { createRequire } from "node:module"; createRequire(import.meta.url)("no-such-package");',
    ],
    ['no export', 'export const other = 1;'],
    ['an export that is no function', 'export const handler = { a: 1 };'],
    ['a callback handler', 'export const handler = (event, context, callback) => callback(null, 1);'],
    ['a rejection', 'await Promise.reject(new Error("top level"));'],
    ['an exit', 'process.exit(3);'],
    [
      'a malformed streaming handler',
      'export const handler = async () => {}; handler[Symbol.for("aws.lambda.runtime.handler.streaming")] = "other";',
    ],
  ])('lets the platform see the same, where loading ends in %s', async (_, source) => {
    const stage = await here.start(
      [{ name: 'bare', source }, withLayer({ name: 'traced', source }, here.collector.url)],
      { runtimeClient },
    );
    const bare = await stage.emulator.invoke('bare', {});
    const traced = await stage.emulator.invoke('traced', {});
    expect(bare.functionError).toBeTruthy();
    expect(toComparable(traced)).toEqual(toComparable(bare));
  });

  it.each([
    ['nested exports', 'index.deep.er', 'export const deep = { er: async () => "deep" };'],
    ['a default export', 'index.handler', 'export default { handler: async () => "default" };'],
    ['a file that is not there', 'missing.handler', ''],
    [
      'a handler without async',
      'index.handler',
      'export const handler = (event, context) => typeof context.awsRequestId;',
    ],
    [
      'an own thenable',
      'index.handler',
      'export const handler = () => ({ then: (done) => done("thenable") });',
    ],
    [
      'what a handler can see',
      'index.handler',
      `export const handler = async function (...args) {
      return [args.length, Object.keys(args[1]).sort(), handler.length, handler.name, typeof this];
    };`,
    ],
    [
      'a streaming handler',
      'index.handler',
      `export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
      stream.setContentType('application/json'); stream.write('"first '); stream.end('last"');
    });`,
    ],
  ])('runs like the runtime client: %s', async (_, handler, source) => {
    const stage = await here.start(
      [{ name: 'bare', source, handler }, withLayer({ name: 'traced', source, handler }, here.collector.url)],
      { runtimeClient },
    );
    const bare = await stage.emulator.invoke('bare', { a: 1 });
    const traced = await stage.emulator.invoke('traced', { a: 1 });
    expect(toComparable(traced)).toEqual(toComparable(bare));
    if (!bare.functionError) await here.collector.waitForSpan(isInvocation(traced.requestId));
  });
});

/** Stack traces name files of one function or the other. */
function toComparable({ functionError, payload }: { functionError: unknown; payload: unknown }): unknown {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    return { functionError, payload };
  const { trace: _, stackTrace: __, requestId: ___, ...rest } = payload as Record<string, unknown>;
  const text = JSON.stringify(rest)
    .replaceAll(/clickspan-function-\w+/g, 'code')
    .replaceAll(/RequestId: [\w-]+/g, 'RequestId')
    .replaceAll(/[\dT:.-]+Z [\w-]{36}/g, 'time and id')
    .replaceAll(/\b[\da-f]{8}-[\da-f-]{27}\b/g, 'id');
  return { functionError, text };
}
