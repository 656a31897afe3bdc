import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import {
  createSilentSpan,
  createTracerProvider,
  toExceptionAttributes,
  type EndedSpan,
} from '@clickspan/shared/tracer';
import { parseTracestate } from '@clickspan/shared/tracestate';
import { beforeEach, describe, expect, it } from 'vitest';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import { createCorsGuard } from './corsGuard.ts';
import type { AwaitedRequest } from './resourceTimings.ts';
import {
  createRequests,
  type PageRequest,
  type RequestEnd,
  type RequestOwner,
  type Requests,
} from './trackRequests.ts';

const PAGE = 'https://shop.example';
const ACTION = { traceId: 'a'.repeat(32), spanId: 'a'.repeat(16), traceFlags: 3 };

let time: FakeTime;
let ended: EndedSpan[];
let requests: Requests;
let context: Context;
let isUnsure: boolean;
let owner: (RequestOwner & { readonly ended: RequestEnd[]; isOver: boolean }) | undefined;
let open: Iterable<AwaitedRequest>;
let isObserving: boolean;
/** What the browser has ready and has not told yet. */
let ready: (() => void) | undefined;
let clockMovedMs: number;
let said: string[];

function createOwner(): NonNullable<typeof owner> {
  return {
    ended: [],
    isOver: false,
    spanContext: ACTION,
    isPastCap() {
      return this.isOver;
    },
    startRequest() {
      return (end) => this.ended.push(end);
    },
  };
}

beforeEach(() => {
  time = createFakeTime();
  ended = [];
  owner = createOwner();
  isUnsure = false;
  isObserving = false;
  ready = undefined;
  clockMovedMs = 0;
  said = [];
  context = withSpan(ROOT_CONTEXT, createSilentSpan(ACTION));
  let id = 0;
  const nextId = (): string => (++id).toString(16).padStart(16, '0');
  const tracer = createTracerProvider({
    clock: time.now,
    ids: { traceId: () => nextId().repeat(2), spanId: nextId },
    activeContext: () => context,
    runWith: (_context, run) => run(),
    describe: toExceptionAttributes,
    onEnd: (span) => ended.push(span),
  }).getTracer('test');
  requests = createRequests({
    pageOrigin: PAGE,
    startSpan: (_request, name, options, context) => tracer.startSpan(name, options, context),
    clock: { now: () => time.now() + clockMovedMs, fromTimeStamp: (ms) => ms },
    after: time.after,
    afterMicrotasks: queueMicrotask,
    current: { get: () => context, isUnsure: () => isUnsure },
    ownerOf: () => owner,
    shouldPropagate: ({ origin }) => origin !== 'https://stranger.example',
    corsGuard: createCorsGuard({
      pageOrigin: PAGE,
      navigator: { onLine: true },
      now: time.now,
      warn: (message) => said.push(message),
    }),
    options: { graphql: true },
    createTimings(requests) {
      open = requests;
      return {
        start() {
          isObserving = true;
        },
        take: () => ready?.(),
        stop() {
          isObserving = false;
        },
      };
    },
  });
});

function request(url: string, more: Partial<PageRequest> = {}): PageRequest {
  return { method: 'GET', url: new URL(url, PAGE), callerTraceparent: null, canCarryHeaders: true, ...more };
}

describe('a request', () => {
  it('is a child of its action, and tells it when it has ended', async () => {
    const tracked = requests.start(request('/x'))!;
    await time.advance(80);
    tracked.responded(200, 'coldstart;dur=50', true);
    expect(ended[0]).toMatchObject({ parentSpanId: ACTION.spanId, context: { traceId: ACTION.traceId } });
    expect(ended[0]!.endUnixMs - ended[0]!.startUnixMs).toBe(80);
    expect(owner!.ended).toEqual([
      { untilUnixMs: time.now(), coldStartMs: 50, serverMs: undefined, isCut: false },
    ]);
    expect(tracked.headers).toEqual([['traceparent', `00-${ACTION.traceId}-${ended[0]!.context.spanId}-03`]]);
  });

  it('past the cap of its action is a trace of its own that points to it', () => {
    owner!.isOver = true;
    requests.start(request('/x'))!.responded(200, null, true);
    expect(ended[0]!.parentSpanId).toBe('');
    expect(ended[0]!.context.traceId).not.toBe(ACTION.traceId);
    expect(ended[0]!.links.map((link) => link.context.spanId)).toEqual([ACTION.spanId]);
    expect(owner!.ended).toEqual([]);
  });

  it('without an action is a trace of its own', () => {
    owner = undefined;
    context = ROOT_CONTEXT;
    requests.start(request('/x'))!.responded(200, null, true);
    expect(ended[0]).toMatchObject({ parentSpanId: '', links: [] });
  });

  it('says when its cause is unsure', () => {
    isUnsure = true;
    requests.start(request('/x'))!.responded(200, null, true);
    expect(ended[0]!.attributes['clickspan.attribution']).toBe('unsure');
  });

  it('hands on the tracestate of its trace', () => {
    const traceState = parseTracestate('vendor=1')!;
    context = withSpan(ROOT_CONTEXT, createSilentSpan({ ...ACTION, traceState }));
    expect(requests.start(request('/x'))!.headers[1]).toEqual(['tracestate', 'vendor=1']);
  });

  it.each<[why: string, init: Partial<PageRequest>, url: string]>([
    ['the caller has', { callerTraceparent: 'something' }, '/x'],
    ['it can carry none', { canCarryHeaders: false }, '/x'],
    ['it goes to a stranger', {}, 'https://stranger.example/'],
  ])('is not stamped when %s', (_why, init, url) => {
    expect(requests.start(request(url, init))!.headers).toEqual([]);
  });

  it('is not tracked when it does not go over HTTP', () => {
    expect(requests.start(request('blob:https://shop.example/1'))).toBeUndefined();
  });

  it('has a method of the standard, or says that it has another', () => {
    requests.start(request('/x', { method: 'PURGE' }))!.responded(200, null, true);
    expect(ended[0]).toMatchObject({ name: 'HTTP', attributes: { 'http.request.method': '_OTHER' } });
  });

  it.each([
    ['https://shop.example/', 443],
    ['http://shop.example/', 80],
    ['http://shop.example:81/', 81],
  ])('knows the port of %s', (url, port) => {
    requests.start(request(url))!.failed('TypeError');
    expect(ended[0]!.attributes['server.port']).toBe(port);
    expect(ended[0]!.status.code).toBe(2);
  });

  it('ends where the browser says that its body has ended, with what the browser tells', async () => {
    const tracked = requests.start(request('https://api.example/'))!;
    tracked.sent();
    await time.advance(40);
    tracked.responded(200, null);
    await time.advance(100);
    expect(ended).toEqual([]);
    entryCame({
      responseEnd: time.now() - 50,
      requestStart: time.now() - 130,
      responseStart: time.now() - 100,
      connectEnd: time.now() - 140,
      encodedBodySize: 10,
      decodedBodySize: 25,
      transferSize: 310,
      nextHopProtocol: 'h2',
      serverTiming: [{ name: 'coldstart', duration: 30 } as PerformanceServerTiming],
    });
    expect(ended[0]!.attributes).toMatchObject({
      'clickspan.cold_start_ms': 30,
      'clickspan.preflight_ms': 10,
      'clickspan.ttfb_ms': 30,
      'clickspan.download_ms': 50,
      'http.response.body.size': 10,
      'clickspan.decoded_size': 25,
      'network.protocol.version': '2',
    });
    expect(ended[0]!.endUnixMs - ended[0]!.startUnixMs).toBe(90);
    expect(owner!.ended).toMatchObject([{ coldStartMs: 30 }]);
    await time.advance(1000);
    expect(isObserving).toBe(false);
  });

  const timingOf = (traceId: string): string =>
    `traceparent;desc="00-${traceId}-${'c'.repeat(16)}-01", coldstart;dur=30, init;dur=30, handler;dur=5`;
  const OWN = `00-${'d'.repeat(32)}-${'e'.repeat(16)}-01`;

  it.each([
    ['its own trace', 'a', {}, true],
    ['a trace that the page has named itself', 'd', { callerTraceparent: OWN }, true],
    ['the trace that it began, where the request could carry none', 'b', { canCarryHeaders: false }, true],
    ['the trace of somebody whose answer a cache has kept', 'b', {}, false],
    ['that of the action where the page has named another', 'a', { callerTraceparent: OWN }, false],
  ])('takes what a function tells of %s: %j', (_, digit, more, isTaken) => {
    requests.start(request('/x', more))!.responded(200, timingOf(digit.repeat(32)), true);
    const { attributes } = ended[0]!;
    expect([attributes['clickspan.cold_start_ms'], attributes['clickspan.server.span_id']]).toEqual(
      isTaken ? [30, 'c'.repeat(16)] : [undefined, undefined],
    );
    expect(owner!.ended).toMatchObject([isTaken ? { coldStartMs: 30, serverMs: 5 } : {}]);
    expect(owner!.ended[0]!.coldStartMs).toBe(isTaken ? 30 : undefined);
  });

  it('whose body does not end lets its action go on soon, and ends later, where its answer came', async () => {
    const tracked = requests.start(request('/x'))!;
    await time.advance(40);
    tracked.responded(200, 'handler;dur=30');
    await time.advance(499);
    expect(owner!.ended).toEqual([]);
    await time.advance(1);
    expect(owner!.ended).toMatchObject([{ serverMs: 30 }]);
    expect(ended).toEqual([]);
    await time.advance(10_000);
    expect(ended[0]!.endUnixMs - ended[0]!.startUnixMs).toBe(40);
    expect(owner!.ended).toHaveLength(1);
  });

  it('does not let its action go on before it has looked for what a busy page was not told yet', async () => {
    requests.start(request('/x'))!.responded(200, null);
    ready = () => entryCame({ responseEnd: time.now() - 100 });
    await time.advance(500);
    expect(owner!.ended).toMatchObject([{ untilUnixMs: time.now() - 100 }]);
  });

  it('ends though the clock was set back and its timing fits no more', async () => {
    requests.start(request('/x'))!.responded(200, null);
    clockMovedMs = -60_000;
    await time.advance(1000);
    expect(ended).toHaveLength(1);
  });

  it('that is answered ends at once when the page is hidden', () => {
    requests.start(request('https://api.example/2'))!.responded(200, null);
    requests.start(request('https://api.example/3'));
    requests.endAnswered();
    expect(ended).toHaveLength(1);
    expect(ended[0]!.attributes['clickspan.end_reason']).toBeUndefined();
  });

  it('takes its status from the browser’s timing where nothing else tells it', () => {
    requests.start(request('/x'))!.responded(0, null);
    entryCame({ responseStatus: 503 });
    expect(ended[0]).toMatchObject({ attributes: { 'http.response.status_code': 503 }, status: { code: 2 } });
  });

  it('ends with the page, once, saying so', () => {
    const tracked = requests.start(request('/x'))!;
    requests.endAll('pagehide');
    tracked.responded(200, null);
    tracked.failed('TypeError');
    expect(ended).toHaveLength(1);
    expect(ended[0]!.attributes['clickspan.end_reason']).toBe('pagehide');
    expect(owner!.ended).toHaveLength(1);
  });
});

describe('the method of a request', () => {
  it.each<[method: string, known: string, original: string | undefined, name: string]>([
    ['GET', 'GET', undefined, 'GET'],
    // Browsers put some into upper case, and not others.
    ['post', 'POST', undefined, 'POST'],
    ['patch', 'PATCH', 'patch', 'PATCH'],
    ['PATCH', 'PATCH', undefined, 'PATCH'],
    ['Purge', '_OTHER', 'Purge', 'HTTP'],
    ['X'.repeat(99), '_OTHER', 'X'.repeat(32), 'HTTP'],
  ])('%s is told as %s, originally %s', (method, known, original, name) => {
    requests.start(request('/x', { method }))!.responded(200, null, true);
    expect(ended[0]!.name).toBe(name);
    expect(ended[0]!.attributes).toMatchObject({ 'http.request.method': known });
    expect(ended[0]!.attributes['http.request.method_original']).toBe(original);
  });
});

describe('a retry', () => {
  const RESENT = 'http.request.resend_count';
  const send = (more: Partial<PageRequest>, outcome: number | string): unknown => {
    const tracked = requests.start(request('/x', more))!;
    if (typeof outcome === 'string') tracked.failed(outcome);
    else tracked.responded(outcome, null, true);
    return ended.at(-1)!.attributes[RESENT];
  };

  it('is the same request after a failure within the same action', () => {
    const counts = [503, 'TypeError', 429, 200, 200].map((outcome) => send({}, outcome));
    expect(counts).toEqual([undefined, 1, 2, 3, undefined]);
  });

  it('is none after an abort or an answer that stays the same, with another body, or of another action', () => {
    expect([send({}, 'abort'), send({}, 404), send({}, 500)]).toEqual([undefined, undefined, undefined]);
    expect(send({ method: 'POST', body: 'a' }, 500)).toBeUndefined();
    expect(send({ method: 'POST', body: 'b' }, 500)).toBeUndefined();
    expect(send({ method: 'POST', body: 'b' }, 500)).toBe(1);
    owner = createOwner();
    expect(send({}, 200)).toBeUndefined();
    owner = undefined;
    expect([send({}, 500), send({}, 500)]).toEqual([undefined, undefined]);
  });

  it('is known by bodies of any kind and length', () => {
    const long = 'x'.repeat(500_000);
    for (const [body, other] of [
      [`${long}a${long}`, `${long}b`],
      [`${'x'.repeat(999)}a`, `${'x'.repeat(999)}b`],
      [new Blob(['a']), new Blob(['a'])],
      [new ArrayBuffer(1), undefined],
    ]) {
      const counts = [body, other, body].map((sent) => send({ method: 'POST', body: sent }, 500));
      expect(counts).toEqual([undefined, undefined, 1]);
      owner = createOwner();
    }
  });

  it('is waited for without what was sent', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const sent = (outcome: number | string): WeakRef<object> => {
      const body = new Blob(['an upload']);
      const tracked = requests.start(request('/x', { method: 'POST', body }))!;
      if (typeof outcome === 'string') tracked.failed(outcome);
      else tracked.responded(outcome);
      return new WeakRef(body);
    };
    const bodies = ['TypeError', 503, 200].map(sent);
    await new Promise((done) => setImmediate(done));
    collect();
    expect(bodies.map((body) => body.deref())).toEqual([undefined, undefined, undefined]);
  });
});

describe('GraphQL', () => {
  it('names the operation of a POST', () => {
    const body = JSON.stringify({ query: 'query Cart { cart { id } }' });
    requests.start(request('/graphql', { method: 'POST', body }))!.responded(200, null, true);
    expect(ended[0]!.name).toBe('POST query Cart');
    expect(ended[0]!.attributes['graphql.operation.name']).toBe('Cart');
  });
});

/** Hands its entry to the latest request, as the browser's observer does. */
function entryCame(entry: Partial<PerformanceResourceTiming>): void {
  const latest = [...open].at(-1)!;
  latest.entry = entry as PerformanceResourceTiming;
  latest.onEntry();
}
