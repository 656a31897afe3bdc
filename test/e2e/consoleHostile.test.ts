import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGzip, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Trace, TraceList } from '../../packages/console/src/api/types.ts';
import { isRunning, startConsoleProcess } from '../support/consoleProcess.ts';
import type { ConsoleProcess } from '../support/consoleProcess.ts';
import { newSpanId, newTraceId, sendSpans, toTraceRequest } from '../support/otlpTraces.ts';

const MIB = 1024 * 1024;
/** Room for what is in flight and for one large document at a time; a bomb of 100 MB twenty times over is far beyond. */
const MAX_RSS_BYTES = 1_000 * MIB;
const JSON_TYPE = { 'content-type': 'application/json' };
const GZIP = { ...JSON_TYPE, 'content-encoding': 'gzip' };

interface Attack {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

let dataDir: string;
let console_: ConsoleProcess;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'clickspan-hostile-'));
  console_ = await startConsoleProcess(dataDir);
});

afterAll(async () => {
  await console_.end('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

/** Sends without a library's good manners: an answer that comes before the body's end counts. */
function attack({ path = '/v1/traces', method = 'POST', headers = JSON_TYPE, body = '' }: Attack): Promise<{
  readonly status: number;
  readonly text: string;
}> {
  return new Promise((done, fail) => {
    const agent = new Agent({ keepAlive: false });
    const sending = request(console_.collectorUrl + path, { method, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => done({ status: response.statusCode!, text }));
      response.on('error', fail);
    });
    sending.on('error', fail);
    sending.end(body);
  });
}

function peakRssBytes(): number {
  const status = readFileSync(`/proc/${console_.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
}

function gzipOf(bytes: number, fill: string): Promise<Buffer> {
  return new Promise((done) => {
    const packer = createGzip({ level: 9 });
    const chunks: Buffer[] = [];
    packer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => done(Buffer.concat(chunks)));
    const block = Buffer.alloc(MIB, fill);
    for (let sent = 0; sent < bytes; sent += MIB) packer.write(block);
    packer.end();
  });
}

/** Runs attacks while honest senders go on, and expects all of them to be served. */
async function underHonestLoad(service: string, attacks: () => Promise<void>): Promise<void> {
  let attacking = true;
  const sent: string[] = [];
  const honest = async (): Promise<void> => {
    while (attacking || sent.length < 10) {
      const traceId = newTraceId();
      for (;;) {
        const { status } = await sendSpans(console_.collectorUrl, [{ traceId, service }]);
        if (status === 200) break;
        // Asked to wait is not refused.
        expect(status).toBe(429);
        await new Promise((done) => setTimeout(done, 100));
      }
      sent.push(traceId);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  const senders = [honest(), honest()];
  const attacked = attacks().finally(() => (attacking = false));
  await Promise.all([attacked, ...senders]);
  const response = await fetch(`${console_.consoleUrl}/api/traces?limit=500&service=${service}`);
  const stored = ((await response.json()) as TraceList).traces.map((trace) => trace.traceId);
  expect(sent.slice(-500).filter((traceId) => !stored.includes(traceId)).length).toBe(0);
  expect(isRunning(console_.pid)).toBe(true);
  expect(console_.log()).toBe('');
}

function expectStatusBody(answer: { status: number; text: string }, wanted: number): void {
  expect(answer.status).toBe(wanted);
  expect(JSON.parse(answer.text)).toEqual({ code: expect.any(Number), message: expect.stringMatching(/\w/) });
}

describe('hostile input', () => {
  it('of every wrong form gets a 4xx with a Status, while honest senders are served', async () => {
    const good = toTraceRequest([{}]);
    const attacks: readonly (readonly [number, Attack])[] = [
      [400, { body: good.slice(0, good.length / 2) }],
      [400, { body: '' }],
      [400, { body: 'null' }],
      [400, { body: '"resourceSpans"' }],
      [400, { body: '{"resourceSpans":"x"}' }],
      [400, { body: '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":1,"spanId":{}}]}]}]}' }],
      [400, { body: good.replace(/"name":"test span"/, '"name":{"toString":"x"}') }],
      [400, { body: '{"__proto__":{"resourceSpans":1},"resourceSpans":1}' }],
      [400, { body: Buffer.from([0xff, 0xfe, 0x00, 0x7b]) }],
      [400, { headers: GZIP, body: good }],
      [400, { headers: GZIP, body: gzipSync(good).subarray(0, -9) }],
      [404, { path: '/v1/metrics', body: good }],
      [404, { path: '//v1/traces', body: good }],
      [404, { path: '/v1/traces/../../etc/passwd', body: good }],
      [405, { method: 'GET' }],
      [405, { method: 'DELETE' }],
      [415, { headers: { 'content-type': 'application/x-protobuf' }, body: good }],
      [415, { headers: { 'content-type': 'text/html' }, body: good }],
      [415, { headers: {}, body: good }],
      [415, { headers: { ...JSON_TYPE, 'content-encoding': 'zstd' }, body: good }],
    ];
    await underHonestLoad('hostile-forms', async () => {
      for (const [status, one] of attacks) expectStatusBody(await attack(one), status);
    });
    expect(({} as Record<string, unknown>)['resourceSpans']).toBeUndefined();
  });

  it('of 100 MB of zeros in 100 kB, twenty at once, is cut off within bounded memory', async () => {
    const bomb = await gzipOf(100 * MIB, '\0');
    expect(bomb.length).toBeLessThan(MIB);
    await underHonestLoad('hostile-bomb', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => attack({ headers: GZIP, body: bomb })),
      );
      // The one over its own limit, the other over what all together may take.
      for (const answer of answers) expectStatusBody(answer, answer.status === 429 ? 429 : 413);
    });
    expect(peakRssBytes()).toBeLessThan(MAX_RSS_BYTES);
  });

  it.each([
    ['opening brackets', '['],
    ['empty arrays', '[],'],
    ['nested objects', '{"a":'],
    ['numbers', '1,'],
  ])('of 60 MB of %s, packed, is survived within bounded memory', async (_, text) => {
    const block = text.repeat(Math.floor(MIB / text.length));
    const body = gzipSync(Buffer.from(`[${block.repeat(60)}`));
    await underHonestLoad('hostile-shape', async () => {
      for (let i = 0; i < 2; i++) expectStatusBody(await attack({ headers: GZIP, body }), 400);
    });
    expect(peakRssBytes()).toBeLessThan(MAX_RSS_BYTES);
  });

  it('of one large resource, which thousands of spans or scopes share, is refused within bounded memory', async () => {
    const attributes = Array.from({ length: 30 }, (_, i) => ({
      key: `k${i}`,
      value: { stringValue: 'x'.repeat(32_000) },
    }));
    const many = Array.from({ length: 5_000 }, (_, i) => ({
      traceId: newTraceId(),
      spanId: newSpanId(),
      name: `${i}`,
      startTimeUnixNano: `${Date.now()}000000`,
    }));
    const pack = (scopeSpans: unknown[]): Buffer =>
      gzipSync(JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans }] }));
    const bodies = [pack([{ spans: many }]), pack(many.map((span) => ({ spans: [span] })))];
    const scopesWithoutSpans = pack([
      { spans: many.slice(0, 1) },
      ...Array.from({ length: 100_000 }, () => ({})),
    ]);
    await underHonestLoad('hostile-resource', async () => {
      for (const body of bodies) expectStatusBody(await attack({ headers: GZIP, body }), 413);
      expect((await attack({ headers: GZIP, body: scopesWithoutSpans })).status).toBe(200);
    });
    expect(peakRssBytes()).toBeLessThan(MAX_RSS_BYTES);
  });

  it('of a trace that no page could hold is handed out in part', async () => {
    const traceId = newTraceId();
    const attributes = [{ key: 'k', value: { stringValue: 'x'.repeat(10_000) } }];
    for (let request = 0; request < 2; request++) {
      const spans = Array.from({ length: 4_500 }, () => ({
        traceId,
        spanId: newSpanId(),
        name: 'x',
        startTimeUnixNano: `${Date.now()}000000`,
      }));
      const body = gzipSync(
        JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] }),
      );
      expect((await attack({ headers: GZIP, body })).status).toBe(200);
    }
    const response = await fetch(`${console_.consoleUrl}/api/traces/${traceId}`);
    const text = await response.text();
    expect(text.length).toBeLessThan(70_000_000);
    const trace = JSON.parse(text) as Trace;
    expect(trace.truncated).toBe(true);
    expect(new Set(trace.spans.map((span) => span.spanId)).size).toBeGreaterThan(4_500);
    expect(peakRssBytes()).toBeLessThan(MAX_RSS_BYTES);
  });

  it('of an endless body is cut off', async () => {
    await underHonestLoad('hostile-endless', async () => {
      const status = await new Promise<number>((done, fail) => {
        const sending = request(`${console_.collectorUrl}/v1/traces`, { method: 'POST', headers: JSON_TYPE });
        const block = Buffer.alloc(MIB, ' ');
        let open = true;
        const more = (): void => {
          while (open && sending.write(block));
          if (open) sending.once('drain', more);
        };
        sending.on('response', (response) => {
          open = false;
          response.resume();
          done(response.statusCode!);
        });
        sending.on('error', (error) => open && fail(error));
        more();
      });
      expect(status).toBe(413);
    });
    expect(peakRssBytes()).toBeLessThan(MAX_RSS_BYTES);
  });

  it('of spans over all of time does not reach the store', async () => {
    const days = Array.from({ length: 2_000 }, (_, day) => ({
      startUnixMs: Date.now() - day * 86_400_000,
      service: 'time',
    }));
    await underHonestLoad('hostile-time', async () => {
      const response = await sendSpans(console_.collectorUrl, days);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        partialSuccess: { rejectedSpans: expect.stringMatching(/^19\d\d$/) },
      });
    });
  });
});
