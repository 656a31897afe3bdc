import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { toFigure, type Figure } from './figure.ts';

const serve: string = resolve(import.meta.dirname, '../../packages/console/dist/entries/serve.js');

/** How to measure. */
export interface IngestOptions {
  /** Timed rounds; each sends `requestsPerRound` requests. */
  readonly rounds: number;
  readonly requestsPerRound: number;
}

const SPANS_PER_REQUEST = 512;
/** Requests in flight at once. */
const SENDERS = 8;
/** Bodies made before the clock starts; each sending gets ids of its own, by a counter written into them. */
const BODIES = 64;
const COUNTER_DIGITS = 8;

/**
 * Measures how many spans a second the console stores: OTLP/JSON over HTTP to a console process with its engine, 512 spans
 * a request, 15 span and 6 resource attributes, counted when each request has been answered 200, that is, stored.
 */
export async function measureIngest({ rounds, requestsPerRound }: IngestOptions): Promise<Figure> {
  const dataDir = mkdtempSync(join(tmpdir(), 'clickspan-bench-'));
  const bodies = Array.from({ length: BODIES }, (_, seed) => toTemplate(makeBody(seed)));
  const { child, collectorUrl } = await startConsoleProcess(dataDir);
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const samples: number[] = [];
  try {
    await sendRound(collectorUrl, agent, bodies, requestsPerRound);
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      await sendRound(collectorUrl, agent, bodies, requestsPerRound);
      samples.push((requestsPerRound * SPANS_PER_REQUEST) / ((performance.now() - start) / 1000));
    }
  } finally {
    agent.destroy();
    child.kill('SIGTERM');
    await new Promise((done) => child.once('close', done));
    rmSync(dataDir, { recursive: true, force: true });
  }
  return toFigure(
    { name: 'console, OTLP/JSON ingest', unit: 'spans/s', goal: 40_000, better: 'more', client: 'engine' },
    samples,
  );
}

async function startConsoleProcess(dataDir: string): Promise<{ child: ChildProcess; collectorUrl: string }> {
  const args = [serve, '--data-dir', dataDir, '--collector-port', '0', '--console-port', '0'];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const collectorUrl = await new Promise<string>((done, fail) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /collector\D*?(http:\/\/[^\s"]+)/i.exec(text)?.[1];
      if (url) done(url);
    });
    child.once('close', (code) => fail(new Error(`The console ended with status ${code}: ${text}`)));
  });
  return { child, collectorUrl };
}

async function sendRound(
  url: string,
  agent: Agent,
  bodies: readonly Template[],
  count: number,
): Promise<void> {
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < count) await send(`${url}/v1/traces`, agent, stamp(bodies[next++ % bodies.length]!));
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
}

async function send(url: string, agent: Agent, body: Buffer): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const status = await new Promise<number>((done, fail) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const outgoing = request(url, { method: 'POST', agent, headers }, (response) => {
        response.resume().on('end', () => done(response.statusCode!));
      });
      outgoing.on('error', fail).end(body);
    });
    if (status === 200) return;
    if (status !== 429 && status !== 503) throw new Error(`The collector answered ${status}.`);
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('The collector kept refusing a request.');
}

/** A body, and where in it the digits of ids begin. */
interface Template {
  readonly bytes: Buffer;
  readonly offsets: readonly number[];
}

function toTemplate(body: string): Template {
  return {
    bytes: Buffer.from(body),
    offsets: Array.from(body.matchAll(/(?<="(?:trace|span)Id":")./g), (m) => m.index),
  };
}

let sent = 0;

/** A copy with ids that were never sent before. */
function stamp({ bytes, offsets }: Template): Buffer {
  const copy = Buffer.from(bytes);
  const counter = Buffer.from((++sent).toString(16).padStart(COUNTER_DIGITS, '0'));
  for (const offset of offsets) counter.copy(copy, offset);
  return copy;
}

/** One request: traces of 8 spans, as functions send them, 15 attributes a span. */
function makeBody(seed: number): string {
  const startMs = Date.now() - 3_600_000 + seed * 10_000;
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const spans = Array.from({ length: SPANS_PER_REQUEST }, (_, i) => ({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    parentSpanId: i % 8 === 0 ? '' : randomBytes(8).toString('hex'),
    flags: 257,
    name: `POST /route-${i % 20}`,
    kind: 1 + (i % 5),
    startTimeUnixNano: `${startMs + i}000000`,
    endTimeUnixNano: `${startMs + i + 5 + (i % 100)}000000`,
    attributes: [
      text('clickspan.span.type', 'invocation'),
      text('faas.trigger', 'http'),
      { key: 'faas.coldstart', value: { boolValue: i % 25 === 0 } },
      text('faas.invocation_id', crypto.randomUUID()),
      text('http.request.method', 'POST'),
      text('http.route', `/route-${i % 20}`),
      { key: 'http.response.status_code', value: { intValue: i % 50 === 0 ? '500' : '200' } },
      text('url.path', `/route-${i % 20}/${i % 7}`),
      text('url.scheme', 'https'),
      text('server.address', 'api.example.com'),
      { key: 'server.port', value: { intValue: '443' } },
      text('client.address', `203.0.113.${i % 250}`),
      text('user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0'),
      text('network.protocol.version', '2'),
      text('aws.lambda.invoked_arn', `arn:aws:lambda:eu-west-1:123456789012:function:fn-${seed % 40}`),
    ],
    status: i % 50 === 0 ? { code: 2 } : {},
  }));
  const resource = [
    text('service.name', `fn-${seed % 40}`),
    text('faas.name', `fn-${seed % 40}`),
    text('faas.instance', `2026/01/01/[$LATEST]${seed % 12}`),
    text('cloud.provider', 'aws'),
    text('cloud.region', 'eu-west-1'),
    text('telemetry.sdk.name', 'clickspan'),
  ];
  return JSON.stringify({
    resourceSpans: [
      { resource: { attributes: resource }, scopeSpans: [{ scope: { name: 'bench' }, spans }] },
    ],
  });
}
