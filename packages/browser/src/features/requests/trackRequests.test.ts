import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { createSilentSpan, createTracerProvider, type EndedSpan } from '@clickspan/shared/tracer';
import { parseTracestate } from '@clickspan/shared/tracestate';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import type { ServerTimingMetric } from '@clickspan/shared/serverTiming';
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
let entryCame: ((metrics: readonly ServerTimingMetric[]) => void) | undefined;

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
  entryCame = undefined;
  context = withSpan(ROOT_CONTEXT, createSilentSpan(ACTION));
  let id = 0;
  const nextId = (): string => (++id).toString(16).padStart(16, '0');
  const tracer = createTracerProvider({
    clock: time.now,
    ids: { traceId: () => nextId().repeat(2), spanId: nextId },
    activeContext: () => context,
    runWith: (_context, run) => run(),
    onEnd: (span) => ended.push(span),
  }).getTracer('test');
  requests = createRequests({
    pageOrigin: PAGE,
    startSpan: (_request, name, options, context) => tracer.startSpan(name, options, context),
    clock: { now: time.now, fromTimeStamp: (ms) => ms },
    after: time.after,
    current: { get: () => context, isUnsure: () => isUnsure },
    ownerOf: () => owner,
    shouldPropagate: (url) => url.hostname !== 'stranger.example',
    timings: {
      watch: () => ({
        whenThere(use) {
          entryCame = use;
        },
        cancel() {
          entryCame = undefined;
        },
      }),
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
    tracked.responded(200, 'coldstart;dur=50');
    expect(ended[0]).toMatchObject({ parentSpanId: ACTION.spanId, context: { traceId: ACTION.traceId } });
    expect(ended[0]!.endUnixMs - ended[0]!.startUnixMs).toBe(80);
    expect(owner!.ended).toEqual([{ untilUnixMs: time.now(), coldStartMs: 50 }]);
    expect(tracked.headers).toEqual([['traceparent', `00-${ACTION.traceId}-${ended[0]!.context.spanId}-03`]]);
  });

  it('past the cap of its action is a trace of its own that points to it', () => {
    owner!.isOver = true;
    requests.start(request('/x'))!.responded(200, null);
    expect(ended[0]!.parentSpanId).toBe('');
    expect(ended[0]!.context.traceId).not.toBe(ACTION.traceId);
    expect(ended[0]!.links.map((link) => link.context.spanId)).toEqual([ACTION.spanId]);
    expect(owner!.ended).toEqual([]);
  });

  it('without an action is a trace of its own', () => {
    owner = undefined;
    context = ROOT_CONTEXT;
    requests.start(request('/x'))!.responded(200, null);
    expect(ended[0]).toMatchObject({ parentSpanId: '', links: [] });
  });

  it('says when its cause is unsure', () => {
    isUnsure = true;
    requests.start(request('/x'))!.responded(200, null);
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
    requests.start(request('/x', { method: 'PURGE' }))!.responded(200, null);
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

  it('to another origin waits for the timing of the browser, and ends where its answer came', async () => {
    const tracked = requests.start(request('https://api.example/'))!;
    await time.advance(40);
    tracked.responded(200, null);
    await time.advance(100);
    expect(ended).toEqual([]);
    entryCame!([{ name: 'coldstart', durationMs: 30 }]);
    expect(ended[0]!.attributes['clickspan.cold_start_ms']).toBe(30);
    expect(ended[0]!.endUnixMs - ended[0]!.startUnixMs).toBe(40);
    await time.advance(1000);
    expect(ended).toHaveLength(1);
  });

  it('to another origin does not wait long, and not at all when the page is hidden', async () => {
    requests.start(request('https://api.example/1'))!.responded(200, null);
    await time.advance(500);
    expect(ended).toHaveLength(1);
    requests.start(request('https://api.example/2'))!.responded(200, null);
    requests.start(request('https://api.example/3'));
    requests.endAnswered();
    expect(ended).toHaveLength(2);
    expect(ended[1]!.attributes['clickspan.end_reason']).toBeUndefined();
  });

  it('ends with the page, once, saying so', () => {
    const open = requests.start(request('/x'))!;
    requests.endAll('pagehide');
    open.responded(200, null);
    open.failed('TypeError');
    expect(ended).toHaveLength(1);
    expect(ended[0]!.attributes['clickspan.end_reason']).toBe('pagehide');
    expect(owner!.ended).toHaveLength(1);
  });
});
