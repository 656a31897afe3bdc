import { request } from 'node:http';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTraceContextService, type TraceContextService } from '../support/traceContextService.ts';

// The cases of the official suite, in our own words and over real HTTP, where header lines can be doubled and cased.

const TRACE_ID = '12345678901234567890123456789012';
const PARENT_ID = '1234567890123456';
const VALID = `00-${TRACE_ID}-${PARENT_ID}-01`;
const WRITTEN = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[0-3])$/;

let service: TraceContextService;
let target: string;
const arrived: IncomingMessage['headersDistinct'][] = [];
const sink = createServer((message, response) => {
  arrived.push(message.headersDistinct);
  message.resume().on('end', () => response.end());
});

beforeAll(async () => {
  service = await startTraceContextService(0);
  await new Promise<void>((done) => sink.listen(0, '127.0.0.1', done));
  target = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  await service.stop();
  sink.closeAllConnections();
  await new Promise((done) => sink.close(done));
});
beforeEach(() => {
  arrived.length = 0;
});

type HeaderLines = readonly (readonly [name: string, value: string])[];

async function post(headers: HeaderLines, body: string): Promise<number> {
  return new Promise((done, fail) => {
    const lines = [['host', new URL(service.url).host], ...headers].flat();
    const outgoing = request(service.url, { method: 'POST', headers: lines }, (response) => {
      response.resume().on('end', () => done(response.statusCode!));
    });
    outgoing.on('error', fail).end(body);
  });
}

async function relay(headers: HeaderLines, times = 1) {
  const order = { url: target, arguments: [] };
  expect(await post(headers, JSON.stringify(Array.from({ length: times }, () => order)))).toBe(200);
  return arrived.map((names) => {
    expect(names['traceparent']).toHaveLength(1);
    const [, traceId, spanId, flags] = WRITTEN.exec(names['traceparent']![0]!) ?? [];
    return { traceId, spanId, flags, tracestate: names['tracestate']?.join(',') };
  });
}

describe('trace-context service', () => {
  it('starts a trace where none came in', async () => {
    const [sent] = await relay([]);
    expect(sent).toMatchObject({ traceId: expect.stringMatching(/[^0]/) as string, flags: '03' });
    expect(sent!.tracestate).toBeUndefined();
  });

  it('continues a trace with a new parent id for every call', async () => {
    const sent = await relay([['traceparent', VALID]], 3);
    expect(sent.map((call) => call.traceId)).toEqual([TRACE_ID, TRACE_ID, TRACE_ID]);
    expect(new Set([...sent.map((call) => call.spanId), PARENT_ID]).size).toBe(4);
  });

  it.each(['TraceParent', 'TRACEPARENT', 'tRaCePaReNt'])('reads a header named %s', async (name) => {
    expect((await relay([[name, VALID]]))[0]!.traceId).toBe(TRACE_ID);
  });

  it.each(['trace-parent', 'trace.parent'])('does not read a header named %s', async (name) => {
    expect((await relay([[name, VALID]]))[0]!.traceId).not.toBe(TRACE_ID);
  });

  it.each([
    ['two equal lines', [VALID, VALID]],
    ['two different lines', [VALID, `00-${'9'.repeat(32)}-${PARENT_ID}-01`]],
    ['version ff', [`ff-${TRACE_ID}-${PARENT_ID}-01`]],
    ['a dash behind version 00', [`${VALID}-`]],
    ['zeros as trace id', [`00-${'0'.repeat(32)}-${PARENT_ID}-01`]],
    ['zeros as parent id', [`00-${TRACE_ID}-${'0'.repeat(16)}-01`]],
    ['an illegal digit in the trace id', [`00-.${TRACE_ID.slice(1)}-${PARENT_ID}-01`]],
    ['an illegal digit in the flags', [`00-${TRACE_ID}-${PARENT_ID}-.0`]],
  ])('starts anew on %s, and forgets tracestate then', async (_, values) => {
    const lines = values.map((value) => ['traceparent', value] as const);
    const [sent] = await relay([...lines, ['tracestate', 'foo=1']]);
    expect(sent!.traceId).not.toBe(TRACE_ID);
    expect(sent!.tracestate).toBeUndefined();
  });

  it('keeps the flags that level 2 knows and drops the others', async () => {
    for (const [came, goes] of [
      ['00', '00'],
      ['01', '01'],
      ['02', '02'],
      ['ff', '03'],
    ]) {
      arrived.length = 0;
      const [sent] = await relay([['traceparent', `00-${TRACE_ID}-${PARENT_ID}-${came}`]]);
      expect(sent!.flags).toBe(goes);
    }
  });

  it('answers a later version with version 00', async () => {
    const [sent] = await relay([['traceparent', `cc-${TRACE_ID}-${PARENT_ID}-01-more`]]);
    expect(sent!.traceId).toBe(TRACE_ID);
  });

  it('hands on tracestate of several lines in order, and no empty one', async () => {
    const [sent] = await relay([
      ['traceparent', VALID],
      ['tracestate', 'foo=1,'],
      ['TraceState', ' \t'],
      ['tracestate', 'bar=2 , baz@old=3'],
    ]);
    expect(sent!.tracestate?.replaceAll(' ', '')).toBe('foo=1,bar=2,baz@old=3');
    arrived.length = 0;
    expect(
      (
        await relay([
          ['traceparent', VALID],
          ['tracestate', ''],
        ])
      )[0]!.tracestate,
    ).toBeUndefined();
  });

  it.each([
    ['33 members', Array.from({ length: 33 }, (_, i) => `bar${i}=${i}`).join(',')],
    ['an illegal key', 'foo=1,Bar=2'],
    ['an illegal value', 'foo=bar=baz'],
    ['a key that is too long', `${'z'.repeat(257)}=1`],
  ])('drops tracestate with %s, and keeps the trace', async (_, tracestate) => {
    const [sent] = await relay([
      ['traceparent', VALID],
      ['tracestate', tracestate],
    ]);
    expect(sent).toMatchObject({ traceId: TRACE_ID, tracestate: undefined });
  });

  it('refuses what is no order, and addresses beyond this machine', async () => {
    for (const body of ['', '{', '{}', '[{}]', '[{"url":"http://example.com/","arguments":[]}]']) {
      expect(await post([], body)).toBe(400);
    }
    expect(arrived).toEqual([]);
  });
});
