import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { startHttpListener } from '../../platform/httpServer.ts';
import type { HttpListener } from '../../platform/httpServer.ts';
import type { SpanGroup } from '../../spanRow.ts';
import { createCollector } from './collector.ts';
import type { CommitOutcome } from './commitQueue.ts';
import { DEFAULT_LIMITS } from './limits.ts';

const NOW_MS = 1_800_000_000_000;
const TRACES = '/v1/traces';
const span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  name: 'x',
  startTimeUnixNano: '1799999999000000000',
  endTimeUnixNano: '1799999999050000000',
};
const body = (spans: unknown[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const GOOD = body([span]);
const JSON_TYPE = { 'content-type': 'application/json' };

let listener: HttpListener | undefined;
const stored: SpanGroup[] = [];

afterEach(async () => {
  await listener?.stop(0);
  stored.length = 0;
});

async function start(
  more: { outcome?: CommitOutcome; ready?: boolean; limits?: Partial<typeof DEFAULT_LIMITS> } = {},
): Promise<string> {
  listener = await startHttpListener({
    host: '127.0.0.1',
    port: 0,
    requestTimeoutMs: 10_000,
    handle: createCollector({
      store: (groups) => {
        stored.push(...groups);
        return Promise.resolve(more.outcome ?? { status: 'stored' });
      },
      isReady: () => more.ready ?? true,
      limits: { ...DEFAULT_LIMITS, ...more.limits },
      nowUnixMs: () => NOW_MS,
      log: () => undefined,
    }),
  });
  return listener.url;
}

const storedSpans = (): number => stored.reduce((sum, group) => sum + group.spans.length, 0);

/** Every refusal must have a `Status` for the sender and be readable by a page of another origin. */
async function expectRefusal(response: Response, httpStatus: number): Promise<void> {
  expect(response.status).toBe(httpStatus);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual({ code: expect.any(Number), message: expect.stringMatching(/.+/) });
  expect(response.headers.get('access-control-allow-origin')).not.toBeNull();
  expect(storedSpans()).toBe(0);
}

describe('collector', () => {
  it('answers a stored request with an empty object', async () => {
    const url = await start();
    const response = await fetch(url + TRACES, { method: 'POST', headers: JSON_TYPE, body: GOOD });
    expect([response.status, await response.json()]).toEqual([200, {}]);
    expect(storedSpans()).toBe(1);
  });

  it.each([
    ['gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(GOOD)],
    ['identity', { ...JSON_TYPE, 'content-encoding': 'identity' }, GOOD],
    ['a charset', { 'content-type': 'application/json; charset=utf-8' }, GOOD],
    ['text/plain, as beacons send it', { 'content-type': 'text/plain;charset=UTF-8' }, GOOD],
  ])('understands %s', async (_, headers, payload) => {
    const url = await start();
    const response = await fetch(url + TRACES, { method: 'POST', headers, body: payload });
    expect(response.status).toBe(200);
    expect(storedSpans()).toBe(1);
  });

  it('tells how many spans it left out and why', async () => {
    const url = await start();
    const payload = body([span, { ...span, spanId: 'x' }]);
    const response = await fetch(url + TRACES, { method: 'POST', headers: JSON_TYPE, body: payload });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('spanId') },
    });
    expect(storedSpans()).toBe(1);
  });

  it.each([
    ['truncated JSON', 400, JSON_TYPE, GOOD.slice(0, -3)],
    ['no body', 400, JSON_TYPE, ''],
    ['wrong types', 400, JSON_TYPE, '{"resourceSpans":5}'],
    ['only bad spans', 400, JSON_TYPE, body([{ ...span, traceId: 7 }])],
    ['what is not gzip as gzip', 400, { ...JSON_TYPE, 'content-encoding': 'gzip' }, GOOD],
    ['half a gzip', 400, { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(GOOD).subarray(0, 60)],
    ['another encoding', 415, { ...JSON_TYPE, 'content-encoding': 'br' }, GOOD],
    ['protobuf', 415, { 'content-type': 'application/x-protobuf' }, GOOD],
    ['no type', 415, {}, Buffer.from(GOOD)],
    ['a form', 415, { 'content-type': 'application/x-www-form-urlencoded' }, 'a=b'],
  ])('refuses %s with %i', async (_, status, headers, payload) => {
    const url = await start();
    await expectRefusal(await fetch(url + TRACES, { method: 'POST', headers, body: payload }), status);
  });

  it('refuses unknown paths and wrong methods', async () => {
    const url = await start();
    for (const path of ['/', '/v1/logs', '/v1/traces/', '/api/traces', '/v1/traces%00']) {
      await expectRefusal(await fetch(url + path, { method: 'POST', headers: JSON_TYPE, body: GOOD }), 404);
    }
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const response = await fetch(url + TRACES, { method });
      expect(response.headers.get('allow')).toBe('POST, OPTIONS');
      await expectRefusal(response, 405);
    }
  });

  it('refuses a body that is too large, packed or not, and serves the next request', async () => {
    const url = await start({ limits: { maxBodyBytes: 100_000, maxCompressedBytes: 10_000 } });
    const gzip = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    const post = (headers: Record<string, string>, payload: Uint8Array<ArrayBuffer>) =>
      fetch(url + TRACES, { method: 'POST', headers, body: payload });
    await expectRefusal(await post(JSON_TYPE, Buffer.alloc(5_000_000, ' ')), 413);
    await expectRefusal(await post(gzip, gzipSync(Buffer.alloc(5_000_000))), 413);
    await expectRefusal(await post(gzip, gzipSync(randomBytes(50_000))), 413);
    expect((await post(JSON_TYPE, Buffer.from(GOOD))).status).toBe(200);
  });

  it('refuses for a moment what is more than all bodies together may take, and gives the room back', async () => {
    const url = await start({ limits: { maxBytesInFlight: 50_000 } });
    const first = request(url + TRACES, { method: 'POST', headers: JSON_TYPE });
    first.write(' '.repeat(40_000));
    const big = ' '.repeat(20_000) + GOOD;
    const post = () => fetch(url + TRACES, { method: 'POST', headers: JSON_TYPE, body: big });
    await expect.poll(async () => (await post()).status, { timeout: 20_000 }).toBe(429);
    stored.length = 0;
    const refused = await post();
    expect(refused.headers.get('retry-after')).toBe('1');
    await expectRefusal(refused, 429);
    first.destroy();
    first.on('error', () => undefined);
    await expect.poll(async () => (await post()).status, { timeout: 20_000 }).toBe(200);
  });

  it.each([
    ['is full', 429, { outcome: { status: 'full' } }],
    ['does not answer', 503, { outcome: { status: 'unavailable', reason: 'gone' } }],
    ['is away', 503, { ready: false }],
  ] as const)('asks to come back later when the engine %s', async (_, status, state) => {
    const url = await start(state);
    const response = await fetch(url + TRACES, { method: 'POST', headers: JSON_TYPE, body: GOOD });
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toEqual({ code: expect.any(Number), message: expect.any(String) });
  });

  it('does not ask for rows again that the engine will never take', async () => {
    const url = await start({ outcome: { status: 'refused', reason: 'secret details' } });
    const response = await fetch(url + TRACES, { method: 'POST', headers: JSON_TYPE, body: GOOD });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret details');
  });

  it('answers preflights, also with credentials, as beacons with JSON need them', async () => {
    const url = await start();
    const origin = 'https://shop.example';
    const response = await fetch(url + TRACES, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-encoding,content-type',
        'access-control-request-private-network': 'true',
      },
    });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': 'content-encoding,content-type',
      'access-control-allow-private-network': 'true',
      vary: 'Origin',
    });
  });

  it('outlives senders that hang up in the middle or do not speak HTTP', async () => {
    const url = await start();
    const { port } = new URL(url);
    for (const text of [
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
      'hello\r\n\r\n',
      'POST http://[ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
    ]) {
      const socket = connect(Number(port), '127.0.0.1');
      await new Promise<void>((done) => socket.write(text, () => done()));
      socket.destroy();
    }
    const response = await fetch(url + TRACES, { method: 'POST', headers: JSON_TYPE, body: GOOD });
    expect(response.status).toBe(200);
    expect(storedSpans()).toBe(1);
  });
});
