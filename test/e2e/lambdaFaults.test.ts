import { describe, expect, it } from 'vitest';
import type { EnvironmentRecord, InvokeOptions, RuntimeName } from '@clickspan/emulator';
import { extensionText, packExtensions } from '../support/extensionLayer.ts';
import { sleep, until } from '../support/lambdaFixture.ts';
import { isInvocation, withLayer } from '../support/layer.ts';
import { useTestStage } from '../support/testStage.ts';

const RUNTIMES: readonly RuntimeName[] = ['nodejs24.x', 'nodejs22.x'];

const here = useTestStage();

const deep = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
const parse = (text: string): unknown => JSON.parse(text);

/** What resembles the events of triggers, and is none of them. */
const ODD_EVENTS: readonly unknown[] = [
  null,
  [],
  [null, { Records: [] }],
  'text',
  '',
  0,
  true,
  {},
  'x'.repeat(6_000_000),
  { version: '2.0', rawPath: 'x'.repeat(5_000_000), requestContext: { http: { method: 'GET' } } },
  deep(2_000),
  { Records: deep(2_000) },
  { Records: {} },
  { Records: [] },
  { Records: [null, 1, 'x', [], {}] },
  { Records: [{ eventSource: 'aws:sqs' }, { eventSource: null }] },
  { Records: [{ eventSource: 'aws:sqs', messageAttributes: 1, body: 5, eventSourceARN: {} }] },
  {
    Records: [{ eventSource: 'aws:sqs', messageAttributes: { traceparent: { stringValue: [] } }, body: '{' }],
  },
  { Records: [{ EventSource: 'aws:sns', Sns: null }] },
  { Records: [{ eventSource: 'aws:kinesis', kinesis: { data: '%%%' } }] },
  { Records: [{ eventSource: 'aws:dynamodb', dynamodb: { NewImage: { a: null } } }] },
  { Records: [{ eventSource: 'aws:s3', s3: { object: { key: '%E0%A4%A' }, bucket: 7 } }] },
  { Records: Array.from({ length: 10_000 }, () => ({ eventSource: 'aws:sqs', body: '' })) },
  { source: 'aws.events', 'detail-type': {}, detail: null },
  { version: '2.0', headers: null, requestContext: { http: null } },
  {
    version: '2.0',
    headers: ['traceparent'],
    cookies: 'x',
    requestContext: { http: { method: [], path: {} } },
  },
  { version: '2.0', rawQueryString: '%', rawPath: 5, requestContext: { http: { method: 'GET' } } },
  { httpMethod: 7, resource: {}, requestContext: { elb: 1 }, multiValueHeaders: { traceparent: 'x' } },
  { requestContext: { connectionId: {}, eventType: [] } },
  { headers: { traceparent: '00-'.repeat(1000), tracestate: ['a', { b: 1 }], baggage: 9 } },
  { eventSource: 'aws:kafka', records: { 'topic-0': [{ headers: [{ traceparent: 'no bytes' }] }] } },
  parse('{"__proto__":{"version":"2.0","requestContext":{"http":{}}},"hasOwnProperty":1,"toString":null}'),
  parse(
    '{"version":"2.0","headers":{"__proto__":{"traceparent":"00"},"constructor":1},"requestContext":{"http":{}}}',
  ),
  parse('{"Records":[{"__proto__":{"eventSource":"aws:sqs"},"messageAttributes":{"__proto__":null}}]}'),
  parse('{"valueOf":1,"toJSON":2,"then":3,"length":-1,"constructor":null}'),
];

/** Gives back what it can tell of what it got, without the whole of it; as an HTTP response, which is never completed. */
const TELLING = `
  import { createHash } from 'node:crypto';
  export const handler = async (event, context) => {
    const text = JSON.stringify(event) ?? 'undefined';
    const body = JSON.stringify({
      hash: createHash('sha1').update(text).digest('hex'),
      prototype: Object.getPrototypeOf(event ?? {}) === Object.prototype,
      polluted: [{}.version, {}.eventSource, {}.traceparent, [].version],
      client: context.clientContext ?? null,
      identity: context.identity ?? null,
    });
    return { statusCode: 200, body };
  };`;

const ODD_CALLS: readonly InvokeOptions[] = [
  { clientContext: null },
  { clientContext: [] },
  { clientContext: 'text' },
  { clientContext: { custom: null, Custom: 5, env: [] } },
  { clientContext: { custom: { traceparent: { a: 1 } }, client: 'x'.repeat(3000) } },
  { clientContext: parse('{"__proto__":{"custom":{"traceparent":"00"}},"custom":{"__proto__":1}}') },
  { traceHeader: 'Root=;Parent;;Sampled=banana' },
  { traceHeader: 'Root=1-0-0;Root=2;Lineage=:::;Self=' },
  { traceHeader: `Root=${'1-'.repeat(2000)}` },
];

describe.each(RUNTIMES)('a function that is called in odd ways (%s)', (runtime) => {
  it('gives the same for every event and context', async () => {
    const config = { source: TELLING, timeoutMs: 10_000, memoryMb: 512, runtime };
    const stage = await here.start([
      { ...config, name: 'bare' },
      withLayer(
        {
          ...config,
          name: 'traced',
          environment: { CLICKSPAN_CAPTURE_EVENT: 'true', CLICKSPAN_CAPTURE_RESULT: 'true' },
        },
        here.collector.url,
      ),
    ]);
    const { emulator } = stage;
    const calls = [
      ...ODD_EVENTS.map((event) => ({ event, options: {} as InvokeOptions })),
      ...ODD_CALLS.map((options) => ({ event: {}, options })),
    ];
    const requestIds: string[] = [];
    for (const { event, options } of calls) {
      const what = JSON.stringify(options.traceHeader ?? options.clientContext ?? event).slice(0, 200);
      const bare = await emulator.invoke('bare', event, options);
      const traced = await emulator.invoke('traced', event, options);
      expect([traced.functionError, withoutServerTiming(traced)], what).toEqual([
        bare.functionError,
        withoutServerTiming(bare),
      ]);
      requestIds.push(traced.requestId);
    }
    for (const requestId of requestIds) await here.collector.waitForSpan(isInvocation(requestId));
    // On a busy machine the next event may come before the last one's spans have left, and get another environment.
    const ended = stage.environments('traced').filter(({ state }) => state === 'ended');
    expect(ended).toEqual([]);
  });
});

/** Objects whose properties act, as results and put onto the event and the context. */
const ACTING = `
  const reads = [];
  const acting = (names, what) => {
    const object = {};
    for (const name of names)
      Object.defineProperty(object, name, { enumerable: true, get() { reads.push(name); return what(name); } });
    return object;
  };
  const HTTP = ['statusCode', 'headers', 'body', 'cookies', 'isBase64Encoded', 'multiValueHeaders', 'batchItemFailures'];
  const no = (name) => { throw new RangeError('do not read ' + name); };
  const kinds = {
    statusThrows: () => ({ ...{ body: 'x' }, ...Object.create(null), get statusCode() { throw new RangeError('status'); } }),
    headersThrow: () => ({ statusCode: 200, get headers() { throw new RangeError('headers'); } }),
    headerThrows: () => ({ statusCode: 200, headers: { get a() { throw new RangeError('a'); } } }),
    bodyThrows: () => ({ statusCode: 500, get body() { throw new RangeError('body'); } }),
    failuresThrow: () => ({ get batchItemFailures() { throw new RangeError('failures'); } }),
    failureThrows: () => ({ batchItemFailures: [{ get itemIdentifier() { throw new RangeError('item'); } }] }),
    toJsonThrows: () => ({ statusCode: 200, toJSON() { throw new RangeError('toJSON'); } }),
    symbolThrows: () => ({ statusCode: 200, get [Symbol.toStringTag]() { throw new RangeError('tag'); } }),
    everyPropertyThrows: () => new Proxy({ statusCode: 200 }, { get: (_, name) => no(String(name)), has: no, ownKeys: no, getPrototypeOf: no }),
    readsCount: () => { let n = 0; return { statusCode: 200, get body() { return 'read ' + ++n; }, get headers() { return { read: String(++n) }; } }; },
    circular: () => { const o = { statusCode: 200, headers: {} }; o.headers.o = o; return o; },
    eventThrows: (event) => { for (const name of ['headers', 'Records', 'requestContext', 'version']) Object.defineProperty(event, name, { get: () => no(name) }); return 1; },
    eventIsFrozen: (event, context) => { Object.freeze(event); Object.freeze(context); return 1; },
    contextThrows: (event, context) => {
      for (const name of Object.keys(context)) try { Object.defineProperty(context, name, { get: () => no(name) }); } catch {}
      return 1;
    },
    errorThrows: () => { throw Object.defineProperties(new Error('x'), { name: { get: () => 'N' }, cause: { get: () => no('cause') }, mine: { get: () => no('mine') } }); },
    errorIsCircular: () => { const error = new Error('x'); error.cause = error; throw error; },
    errorIsStrange: () => { throw new Proxy(new Error('x'), {}); },
  };
  export const handler = async (event, context) => kinds[event.kind](event, context);
`;
const KINDS: readonly string[] = [...ACTING.matchAll(/^ {4}(\w+): \(/gm)].map(([, kind]) => kind!);

describe.each(RUNTIMES)('a function whose objects act when they are looked at (%s)', (runtime) => {
  it('comes to the same end', async () => {
    const config = { source: ACTING, timeoutMs: 10_000, runtime };
    const stage = await here.start([
      { ...config, name: 'bare' },
      withLayer({ ...config, name: 'traced' }, here.collector.url),
    ]);
    const { emulator } = stage;
    expect(KINDS.length).toBeGreaterThan(12);
    const requestIds: string[] = [];
    for (const kind of KINDS) {
      const event = {
        kind,
        version: '2.0',
        rawPath: '/',
        headers: {},
        requestContext: { http: { method: 'GET', path: '/' } },
      };
      const bare = await emulator.invoke('bare', event);
      const traced = await emulator.invoke('traced', event);
      expect([traced.functionError, withoutStack(traced)], kind).toEqual([
        bare.functionError,
        withoutStack(bare),
      ]);
      requestIds.push(traced.requestId);
    }
    // What ended its process is told by the next one.
    for (const requestId of requestIds) await here.collector.waitForSpan(isInvocation(requestId));
  });
});

/** What the process shows to the function in it. */
const LOOKING = `
  import v8 from 'node:v8';
  const listeners = (emitter) => emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]).sort();
  const names = Object.getOwnPropertyNames(globalThis).sort();
  export const handler = async (event, context) => {
    const { _HANDLER, NODE_OPTIONS, AWS_LAMBDA_FUNCTION_NAME, ...rest } = process.env;
    return {
      listeners: listeners(process),
      streams: [listeners(process.stdout), listeners(process.stderr)],
      exitCode: process.exitCode ?? null,
      globals: [names, Object.getOwnPropertyNames(globalThis).sort()],
      handler: [_HANDLER, process.argv.length, process.execArgv, require_(), Error.stackTraceLimit, typeof Error.prepareStackTrace],
      prototypes: [Object, Array, Promise, Map].map(({ prototype }) => Reflect.ownKeys(prototype).length),
      heapMb: Math.round(v8.getHeapStatistics().heap_size_limit / 1e6),
      warnings: process.listenerCount('warning'),
      umask: process.umask(),
      cwd: process.cwd() === process.env.LAMBDA_TASK_ROOT,
      context: [Object.keys(context).sort(), context.callbackWaitsForEmptyEventLoop],
    };
  };
  function require_() { return typeof require; }
`;

describe.each(RUNTIMES)('the process of a function (%s)', (runtime) => {
  it('looks to the function as it does without us: listeners, globals, limits', async () => {
    const config = { source: LOOKING, runtime, memoryMb: 256 };
    const stage = await here.start([
      { ...config, name: 'bare' },
      withLayer({ ...config, name: 'traced' }, here.collector.url),
    ]);
    const { emulator } = stage;
    for (let n = 0; n < 2; n++) {
      const bare = await emulator.invoke('bare', {});
      const traced = await emulator.invoke('traced', {});
      expect(traced.payload).toEqual(bare.payload);
    }
  });
});

describe('a function whose clock is set', () => {
  it('answers at once, and its spans take as long as they took', async () => {
    const source = `
      const { now } = Date;
      let jump = 0;
      Date.now = () => now() + jump;
      export const handler = async (event) => {
        jump = event.jumpMs;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return event.jumpMs;
      };`;
    const stage = await here.start([withLayer({ name: 'f', source, timeoutMs: 10_000 }, here.collector.url)]);
    const running = stage;
    const jumps = [0, -3_600_000, 0, 864_000_000, -864_000_000, 1e15, -1.7e12, 0];
    for (const jumpMs of jumps) {
      const { payload, requestId } = await running.emulator.invoke('f', { jumpMs });
      expect(payload).toBe(jumpMs);
      const span = await here.collector.waitForSpan(isInvocation(requestId));
      expect(span.endUnixMs - span.startUnixMs).toBeGreaterThan(4);
      expect(span.endUnixMs - span.startUnixMs).toBeLessThan(5_000);
    }
    expect(running.environments()).toHaveLength(1);
  });
});

describe('a function whose platform takes no more extensions', () => {
  it('runs as without us; its spans come with the next invocation', async () => {
    const others = Array.from({ length: 9 }, (_, n) => `other-${n}`);
    const before = `
      for (const other of ${JSON.stringify(others)}) {
        const { headers } = await fetch(api + '/2020-01-01/extension/register', {
          method: 'POST', headers: { 'Lambda-Extension-Name': other }, body: '{"events":[]}',
        });
        const id = headers.get('lambda-extension-identifier');
        fetch(api + '/2020-01-01/extension/event/next', { headers: { 'Lambda-Extension-Identifier': id } }).catch(() => {});
      }`;
    const layer = await packExtensions({ all: extensionText(['SHUTDOWN'], { before }) });
    const source = 'let n = 0; export const handler = async () => ++n;';
    const stage = await here.start([
      withLayer({ name: 'f', source, layers: [layer.zipPath] }, here.collector.url),
    ]);
    const { emulator } = stage;
    const environments = (): readonly EnvironmentRecord[] => stage.environments();
    const first = await emulator.invoke('f', {});
    expect(environments()[0]!.extensions).toHaveLength(10);
    await until('the environment has been frozen', () => environments()[0]!.frozen);
    const second = await emulator.invoke('f', {});
    expect([first.payload, second.payload]).toEqual([1, 2]);
    await here.collector.waitForSpan(isInvocation(first.requestId));
    await layer.remove();
  });
});

/** The seed of what is random here. */
const SEED = 20_261_125;
const KILLS = 200;
const AT_ONCE = 12;

describe('environments that are killed at random', () => {
  it('fail no other invocation, and have told of each after which they had asked for the next event', async () => {
    const source = `export const handler = async ({ waitMs }) => {
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      return waitMs;
    };`;
    const stage = await here.start([withLayer({ name: 'f', source, timeoutMs: 10_000 }, here.collector.url)]);
    const { emulator } = stage;
    const environments = (): readonly EnvironmentRecord[] => stage.environments();
    const random = createRandom(SEED);
    const records = new Map<string, EnvironmentRecord>();
    const remember = (): void => {
      for (const record of environments()) records.set(record.id, record);
    };
    let kills = 0;
    const failed: string[] = [];
    const invokeOnAndOn = async (): Promise<void> => {
      while (kills < KILLS) {
        const waitMs = Math.floor(random() * 4);
        const { functionError, payload, requestId } = await emulator.invoke('f', { waitMs });
        if (functionError) failed.push(requestId);
        else expect(payload).toBe(waitMs);
      }
    };
    const killNowAndThen = async (): Promise<void> => {
      while (kills < KILLS) {
        await sleep(random() * 30);
        const living = environments().filter(({ state }) => state === 'idle' || state === 'busy');
        const victim = living[Math.floor(random() * living.length)];
        if (!victim?.processGroupId) continue;
        try {
          process.kill(-victim.processGroupId, 'SIGKILL');
          kills++;
        } catch {
          // It has been killed before, and its place is not taken yet.
        }
        remember();
      }
    };
    await Promise.all([killNowAndThen(), ...Array.from({ length: AT_ONCE }, invokeOnAndOn)]);
    await until('all are at rest', () =>
      environments().every(({ state }) => state === 'idle' || state === 'ended'),
    );
    remember();

    const invocations = [...records.values()].flatMap((record) => record.invocations);
    // Whoever was killed before it had answered has failed; nobody else.
    const unanswered = invocations.filter(({ responseUnixMs }) => responseUnixMs === undefined);
    expect(unanswered.map(({ status }) => status)).toEqual(unanswered.map(() => 'crash'));
    expect(failed.toSorted()).toEqual(unanswered.map(({ requestId }) => requestId).toSorted());
    const told = new Set(
      here.collector.spans.filter(isInvocation()).map(({ attributes }) => attributes['faas.invocation_id']),
    );
    // One that ends with its environment has not asked for the next event.
    const complete = invocations.filter(({ status }) => status === 'ok');
    expect(complete.length).toBeGreaterThan(KILLS);
    expect(complete.filter(({ requestId }) => !told.has(requestId))).toEqual([]);
  }, 120_000);
});

/** A header more is what HTTP responses are to get. */
function withoutServerTiming({ payload }: { readonly payload: unknown }): unknown {
  const { headers, ...rest } = payload as { readonly headers?: Readonly<Record<string, string>> };
  const { 'server-timing': _, ...others } = headers ?? {};
  return { ...rest, headers: others };
}

/** Without what names the files of one function or the other, or the request. */
function withoutStack({
  payload,
  requestId,
}: {
  readonly payload: unknown;
  readonly requestId: string;
}): unknown {
  if (typeof payload !== 'object' || payload === null) return payload;
  if (!('errorType' in payload)) return withoutServerTiming({ payload });
  const { trace: _, stackTrace: __, ...rest } = payload as Record<string, unknown>;
  return JSON.stringify(rest).replaceAll(requestId, 'id');
}

/** Numbers from 0 to 1 that are the same at every run (a linear congruential generator). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
