import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceList, Trace, TraceList } from '../../packages/console/src/api/types.ts';
import { startConsoleProcess } from '../support/consoleProcess.ts';
import type { ConsoleProcess } from '../support/consoleProcess.ts';
import { newSpanId, newTraceId, sendSpans, toTraceRequest } from '../support/otlpTraces.ts';

let dataDir: string;
let console_: ConsoleProcess;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'clickspan-store-'));
  console_ = await startConsoleProcess(dataDir);
});

afterAll(async () => {
  await console_.end('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

async function get<T>(path: string): Promise<T> {
  const response = await fetch(console_.consoleUrl + path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as T;
}

async function store(spans: Parameters<typeof sendSpans>[1]): Promise<void> {
  const response = await sendSpans(console_.collectorUrl, spans);
  expect([response.status, await response.text()]).toEqual([200, '{}']);
}

/** All traces of a service, so that tests do not see those of one another. */
async function list(service: string, more = ''): Promise<TraceList> {
  return await get<TraceList>(`/api/traces?service=${service}${more}`);
}

describe('what the collector stores', () => {
  it('comes back whole, to the nanosecond', async () => {
    const [traceId, spanId, parentSpanId] = [newTraceId(), newSpanId(), newSpanId()];
    const startUnixNano = `${Date.now()}123456`;
    const value = (text: string) => ({ stringValue: text });
    const body = {
      resourceSpans: [
        {
          resource: {
            attributes: [
              { key: 'service.name', value: value('round-trip') },
              { key: 'faas.name', value: value('f') },
            ],
          },
          scopeSpans: [
            {
              scope: { name: 'scope', version: '1.2.3' },
              spans: [
                {
                  traceId: traceId.toUpperCase(),
                  spanId,
                  parentSpanId,
                  name: "käse 'quoted' \\ \t😀",
                  kind: 5,
                  startTimeUnixNano: startUnixNano,
                  endTimeUnixNano: String(BigInt(startUnixNano) + 1_500_000n),
                  attributes: [
                    { key: 'text', value: value('ü "x"') },
                    { key: 'whole', value: { intValue: '9007199254740993' } },
                    { key: 'half', value: { doubleValue: 0.5 } },
                    { key: 'yes', value: { boolValue: true } },
                    { key: 'list', value: { arrayValue: { values: [value('a'), { intValue: '1' }] } } },
                  ],
                  events: [
                    {
                      name: 'event',
                      timeUnixNano: startUnixNano,
                      attributes: [{ key: 'e', value: value('1') }],
                    },
                  ],
                  links: [
                    {
                      traceId: 'ab'.repeat(16),
                      spanId: 'cd'.repeat(8),
                      attributes: [{ key: 'l', value: value('2') }],
                    },
                  ],
                  status: { code: 2, message: 'it broke' },
                },
              ],
            },
          ],
        },
      ],
    };
    const response = await fetch(`${console_.collectorUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    expect(await get<Trace>(`/api/traces/${traceId}`)).toEqual({
      traceId,
      truncated: false,
      spans: [
        {
          spanId,
          parentSpanId,
          name: "käse 'quoted' \\ \t😀",
          kind: 'Consumer',
          service: 'round-trip',
          startUnixNano,
          durationMs: 1.5,
          status: { code: 'Error', message: 'it broke' },
          links: [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), attributes: { l: '2' } }],
          attributes: { text: 'ü "x"', whole: '9007199254740993', half: '0.5', yes: 'true', list: '["a",1]' },
          events: [{ name: 'event', unixNano: startUnixNano, attributes: { e: '1' } }],
          resource: { 'service.name': 'round-trip', 'faas.name': 'f' },
          scope: { name: 'scope', version: '1.2.3' },
        },
      ],
    });
  });

  it('is summed up rightly while a trace grows, and when its root comes last', async () => {
    const [traceId, root, start] = [newTraceId(), newSpanId(), Date.now()];
    const attributes = { 'faas.coldstart': true };
    const invocation = {
      traceId,
      spanId: newSpanId(),
      parentSpanId: root,
      name: 'orders',
      service: 'grow-fn',
      attributes,
    };
    await store([{ ...invocation, startUnixMs: start + 20, durationMs: 100, error: 'x' }]);
    expect((await list('grow-fn')).traces[0]).toMatchObject({
      rootSeen: false,
      rootName: 'orders',
      spanCount: 1,
    });
    await store([
      { traceId, spanId: root, name: 'click Buy', service: 'grow-shop', startUnixMs: start, durationMs: 50 },
    ]);
    for (const service of ['grow-fn', 'grow-shop']) {
      expect((await list(service)).traces).toEqual([
        {
          traceId,
          rootSeen: true,
          rootName: 'click Buy',
          rootService: 'grow-shop',
          startUnixNano: `${start}000000`,
          durationMs: 120,
          spanCount: 2,
          errorCount: 1,
          coldStartCount: 1,
          services: ['grow-fn', 'grow-shop'],
        },
      ]);
    }
  });

  it('is there once, however often it was sent', async () => {
    const span = {
      traceId: newTraceId(),
      spanId: newSpanId(),
      service: 'twice',
      startUnixMs: Date.now(),
      error: 'x',
    };
    for (let i = 0; i < 3; i++) await store([span]);
    expect((await get<Trace>(`/api/traces/${span.traceId}`)).spans).toHaveLength(1);
    expect((await list('twice')).traces).toMatchObject([{ spanCount: 1, errorCount: 1 }]);
    const { error: _, ...later } = span;
    await store([{ ...later, durationMs: 50 }]);
    const { spans } = await get<Trace>(`/api/traces/${span.traceId}`);
    expect(spans).toMatchObject([{ durationMs: 50 }]);
  });

  it('does not fill the list with the services of one trace', async () => {
    const root = { traceId: newTraceId(), service: 'crossroads', name: 'click' };
    await store([root, ...Array.from({ length: 80 }, (_, i) => ({ ...root, service: `crossroads-${i}` }))]);
    const [trace] = (await list('crossroads')).traces;
    expect(trace).toMatchObject({ spanCount: 81 });
    expect(trace!.services).toHaveLength(50);
  });

  it('is found by cold start, error, duration and name', async () => {
    const service = 'filters';
    await store([
      { service, name: 'click Plain' },
      { service, name: 'click Cold', attributes: { 'faas.coldstart': true } },
      { service, name: 'click Wrong', error: 'x' },
      { service, name: 'click Slow', durationMs: 5_000 },
    ]);
    const names = async (more: string) => (await list(service, more)).traces.map((trace) => trace.rootName);
    expect(await names('&cold=true')).toEqual(['click Cold']);
    expect(await names('&error=true')).toEqual(['click Wrong']);
    expect(await names('&minDurationMs=4999.5')).toEqual(['click Slow']);
    expect(await names('&minDurationMs=5000.5')).toEqual([]);
    expect(await names('&q=PLAIN')).toEqual(['click Plain']);
    expect(await names("&q=' OR 1=1 --")).toEqual([]);
    expect(await names('')).toHaveLength(4);
  });

  it('is listed newest first, and page by page without gaps or repeats, however far back it goes', async () => {
    const service = 'pages';
    const now = Date.now();
    const minute = 60_000;
    // From seconds to weeks ago, with traces that lie across the edges of whatever is searched step by step.
    const agesMs = [...Array(20).keys()].map((i) => Math.round(1_000 * 2.06 ** i));
    const spans = agesMs.flatMap((ageMs) => {
      const traceId = newTraceId();
      const root = { traceId, service, startUnixMs: now - ageMs, name: `click ${ageMs}` };
      return [
        root,
        {
          ...root,
          parentSpanId: newSpanId(),
          name: 'late',
          startUnixMs: Math.min(now, now - ageMs + 5 * minute),
        },
      ];
    });
    await store(spans);
    const seen: string[] = [];
    let before = '';
    for (let page = 0; page < 20; page++) {
      const { traces, nextBefore } = await list(service, `&limit=3${before}`);
      seen.push(...traces.map((trace) => trace.rootName));
      expect(traces.every((trace) => trace.spanCount === 2)).toBe(true);
      if (nextBefore === undefined) break;
      before = `&before=${nextBefore}`;
    }
    expect(seen).toEqual(agesMs.map((ageMs) => `click ${ageMs}`));
  });

  it('is not lost between pages when many traces began in the same nanosecond', async () => {
    const [service, startUnixMs] = ['same-moment', Date.now() - 1_000];
    await store(Array.from({ length: 8 }, (_, i) => ({ service, startUnixMs, name: `click ${i}` })));
    const seen: string[] = [];
    let before = '';
    for (let page = 0; page < 8; page++) {
      const { traces, nextBefore } = await list(service, `&limit=3${before}`);
      seen.push(...traces.map((trace) => trace.rootName));
      if (nextBefore === undefined) break;
      before = `&before=${nextBefore}`;
    }
    expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((i) => `click ${i}`));
  });

  it('is listed by its beginning, whole and once, however long it goes on', async () => {
    const [service, now, hour] = ['long', Date.now(), 3_600_000];
    const traceOf = (name: string, startUnixMs: number) => ({
      traceId: newTraceId(),
      service,
      name,
      startUnixMs,
    });
    // Begun hours ago, and touched a moment ago: a message that waited long in its queue.
    const long = traceOf('click Long', now - 5 * hour);
    const late = { ...long, parentSpanId: newSpanId(), name: 'late', startUnixMs: now - 1_000, error: 'x' };
    // The same without its root, which was never sent.
    const rootless = traceOf('rootless', now - 4 * hour);
    const parts = [0, 4 * hour - 2_000].map((ms) => ({
      ...rootless,
      parentSpanId: newSpanId(),
      name: `rootless ${ms}`,
      startUnixMs: rootless.startUnixMs + ms,
    }));
    const short = [traceOf('click New', now - 5_000), traceOf('click Old', now - 6 * hour)];
    await store([long, late, ...parts, ...short]);
    const wanted = ['click New', 'rootless 0', 'click Long', 'click Old'];
    const all = (await list(service)).traces;
    expect(all.map((trace) => trace.rootName)).toEqual(wanted);
    expect(all.map((trace) => trace.spanCount)).toEqual([1, 2, 2, 1]);
    expect(all[2]).toMatchObject({ durationMs: 5 * hour - 990, errorCount: 1, rootSeen: true });
    const seen: string[] = [];
    let before = '';
    for (let page = 0; page < 6; page++) {
      const { traces, nextBefore } = await list(service, `&limit=1${before}`);
      seen.push(...traces.map((trace) => `${trace.rootName} ${trace.spanCount}`));
      if (nextBefore === undefined) break;
      before = `&before=${nextBefore}`;
    }
    expect(seen).toEqual(wanted.map((name, i) => `${name} ${all[i]!.spanCount}`));
  });

  it('shows up among the services', async () => {
    const startUnixMs = Date.now();
    await store([
      { service: 'service-a', startUnixMs },
      { service: 'service-b', startUnixMs },
      { service: 'service-b', startUnixMs: startUnixMs - 5 },
    ]);
    const { services } = await get<ServiceList>('/api/services');
    const lastSeenUnixNano = `${startUnixMs}000000`;
    expect(services.filter(({ service }) => service.startsWith('service-'))).toEqual([
      { service: 'service-a', lastSeenUnixNano },
      { service: 'service-b', lastSeenUnixNano },
    ]);
  });

  it('is announced to open pages', async () => {
    const closing = new AbortController();
    const response = await fetch(`${console_.consoleUrl}/api/live`, { signal: closing.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const traceId = newTraceId();
    await store([{ traceId }]);
    let text = '';
    while (!text.includes('event: traces')) text += (await reader.read()).value ?? '';
    expect(text).toContain(traceId);
    closing.abort();
    await reader.cancel().catch(() => undefined);
  });

  it('arrives from many senders at once', async () => {
    const service = 'crowd';
    const requests = Array.from({ length: 100 }, () =>
      sendSpans(console_.collectorUrl, [{ service }, { service }]),
    );
    const answers = await Promise.all(requests);
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    expect((await list(service, '&limit=500')).traces).toHaveLength(200);
  });
});

describe('the query API', () => {
  it.each([
    ['/api/traces/0123', 404],
    [`/api/traces/${'ab'.repeat(16)}`, 404],
    ['/api/nothing', 404],
    ['/api', 404],
    ['/api/traces?limit=1000', 400],
    ['/api/traces?before=yesterday', 400],
    ['/api/traces?before=5-xyz', 400],
  ])('answers %s with %i and says why', async (path, status) => {
    const response = await fetch(console_.consoleUrl + path);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      error: { code: expect.any(String), message: expect.any(String) },
    });
  });

  it.each([
    'before=0',
    'before=9223372036854775807',
    'before=9223372036854775807-ffffffffffffffffffffffffffffffff',
    'minDurationMs=9007199254',
    'q=%00%01%09%0a%0d%22%27%5c%5c0%60%7b%7d%25_',
    'service=%5cN',
  ])('has no traces for %s, which is no error', async (query) => {
    expect((await get<TraceList>(`/api/traces?service=none-such&${query}`)).traces).toEqual([]);
  });

  it('is not for pages of other origins', async () => {
    const response = await fetch(`${console_.consoleUrl}/api/traces`, {
      headers: { origin: 'https://evil.example' },
    });
    expect(response.status).toBe(403);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('tells its health and where the collector is', async () => {
    expect(await get('/api/health')).toEqual({
      status: 'ok',
      engine: 'embedded',
      collectorUrl: console_.collectorUrl,
    });
  });
});

describe('a data directory', () => {
  it('keeps everything through a restart, also through one by force', async () => {
    const service = 'restart';
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const traceId = newTraceId();
      await store([{ traceId, service }]);
      await console_.end(signal);
      console_ = await startConsoleProcess(dataDir);
      expect((await get<Trace>(`/api/traces/${traceId}`)).spans).toHaveLength(1);
    }
    expect((await list(service)).traces).toHaveLength(2);
  });

  it('forgets what is older than it is to keep, and says so to the sender', async () => {
    const kept = { service: 'kept', startUnixMs: Date.now() - 3 * 86_400_000 + 600_000 };
    await store([kept]);
    await console_.end('SIGTERM');
    console_ = await startConsoleProcess(dataDir, { CLICKSPAN_RETENTION_DAYS: '3' });
    const response = await fetch(`${console_.collectorUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: toTraceRequest([{ startUnixMs: Date.now() - 4 * 86_400_000 }, {}]),
    });
    expect(await response.json()).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
    // Weeks-old traces of the paging test went with their days.
    await expect.poll(async () => (await list('pages')).traces.length, { timeout: 30_000 }).toBeLessThan(20);
    expect((await list('restart')).traces).toHaveLength(2);
    expect((await list('kept')).traces).toHaveLength(1);
  });
});
