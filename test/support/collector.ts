import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A span as it came over the wire, with what surrounds it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  /** OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number; readonly message: string };
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  /** When the last byte of its request had arrived. */
  readonly receivedUnixMs: number;
}

/** A log record as it came over the wire, with what surrounds it. */
export interface ReceivedLog {
  readonly unixMs: number;
  readonly eventName: string;
  readonly severity: number;
  readonly body: string;
  /** Empty where it happened in no span. */
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
}

/** One point of a metric as it came over the wire, with what surrounds it. */
export interface ReceivedPoint {
  readonly name: string;
  readonly unit: string;
  /** OTLP: 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  /** Of a sum its value; of a histogram the sum of its values. */
  readonly sum: number;
  /** Of a histogram only. */
  readonly histogram:
    | {
        readonly count: number;
        readonly min: number;
        readonly max: number;
        readonly bounds: readonly number[];
        readonly buckets: readonly number[];
      }
    | undefined;
}

/** One request to the collector. */
export interface ReceivedRequest {
  /** When the request's head had arrived. */
  readonly startUnixMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: number;
  readonly body: string;
}

/**
 * How the fake collector behaves: `ok` answers at once; `slow` after `delayMs`; `hang` reads and never answers;
 * `unavailable` answers 503; `broken` closes the connection when the request has arrived; `no-gzip` does not let pages of
 * other origins send anything compressed; `no-logs` knows no logs, `no-metrics` no metrics.
 */
export type CollectorMode =
  'ok' | 'slow' | 'hang' | 'unavailable' | 'broken' | 'no-gzip' | 'no-logs' | 'no-metrics';

/** A stand-in for an OTLP collector, for tests: it keeps what it gets and can misbehave. */
export interface FakeCollector {
  readonly url: string;
  readonly port: number;
  readonly spans: ReceivedSpan[];
  readonly logs: ReceivedLog[];
  readonly points: ReceivedPoint[];
  readonly requests: ReceivedRequest[];
  /** How often browsers have asked before. */
  readonly preflights: number;
  /** Times at which connections were opened, Unix ms. */
  readonly connectionsUnixMs: number[];
  behave(mode: CollectorMode, delayMs?: number): void;
  /** Closes all connections, as a load balancer does that has seen none of their requests end. */
  dropConnections(): void;
  /** Waits until a span fits, or throws with what there was. */
  waitForSpan(fits: (span: ReceivedSpan) => boolean, timeoutMs?: number): Promise<ReceivedSpan>;
  waitForSpans(
    count: number,
    fits: (span: ReceivedSpan) => boolean,
    timeoutMs?: number,
  ): Promise<ReceivedSpan[]>;
  /** Waits until a log record fits, or throws with what there was. */
  waitForLog(fits: (log: ReceivedLog) => boolean, timeoutMs?: number): Promise<ReceivedLog>;
  clear(): void;
  stop(): Promise<void>;
}

/**
 * Starts a fake collector on loopback.
 *
 * @param port 0 for any
 */
export async function startFakeCollector(port = 0): Promise<FakeCollector> {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const points: ReceivedPoint[] = [];
  const requests: ReceivedRequest[] = [];
  const connectionsUnixMs: number[] = [];
  const sockets = new Set<Socket>();
  let preflights = 0;
  let mode: CollectorMode = 'ok';
  let delayMs = 0;

  const answer = (response: ServerResponse, status: number, body: string): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
    response.end(body);
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const startUnixMs = unixMs();
    if (request.method === 'OPTIONS') {
      preflights++;
      response.writeHead(204, {
        'access-control-allow-origin': '*',
        'access-control-allow-headers':
          mode === 'no-gzip' ? 'content-type' : '*, content-type, content-encoding',
        'access-control-allow-methods': 'POST',
        'access-control-max-age': '600',
      });
      response.end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('utf8');
    const { method = '', url = '', headers } = request;
    requests.push({ startUnixMs, method, path: url, headers, bytes: raw.length, body });
    if (mode === 'hang') return;
    if (mode === 'broken') return void request.socket.destroy();
    if (mode === 'unavailable') return answer(response, 503, '{"code":14,"message":"unavailable"}');
    if (mode === 'no-logs' && url === '/v1/logs') return answer(response, 404, '{"code":5}');
    if (mode === 'no-metrics' && url === '/v1/metrics') return answer(response, 404, '{"code":5}');
    if (url === '/v1/logs') logs.push(...decodeLogs(body));
    else if (url === '/v1/metrics') points.push(...decodePoints(body));
    else spans.push(...decodeSpans(body, unixMs()));
    if (mode === 'slow') await new Promise((done) => setTimeout(done, delayMs));
    answer(response, 200, '{}');
  };

  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    connectionsUnixMs.push(unixMs());
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  const { port: actual } = server.address() as AddressInfo;

  const waitForSpans: FakeCollector['waitForSpans'] = async (count, fits, timeoutMs = 20_000) => {
    for (const deadline = Date.now() + timeoutMs; ;) {
      const found = spans.filter(fits);
      if (found.length >= count) return found;
      if (Date.now() > deadline) {
        const names = spans.map((span) => `${span.name} (${span.traceId.slice(0, 6)})`).join(', ') || 'none';
        throw new Error(
          `Waited ${timeoutMs} ms for ${count} spans, found ${found.length}. All spans: ${names}`,
        );
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  };

  const waitForLog: FakeCollector['waitForLog'] = async (fits, timeoutMs = 20_000) => {
    for (const deadline = Date.now() + timeoutMs; ;) {
      const found = logs.find(fits);
      if (found) return found;
      if (Date.now() > deadline) {
        const names = logs.map((log) => log.eventName || log.body).join(', ') || 'none';
        throw new Error(`Waited ${timeoutMs} ms for a log record. All records: ${names}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  };

  return {
    url: `http://127.0.0.1:${actual}`,
    port: actual,
    spans,
    logs,
    points,
    requests,
    get preflights() {
      return preflights;
    },
    connectionsUnixMs,
    behave: (next, ms = 0) => {
      mode = next;
      delayMs = ms;
    },
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    waitForSpan: async (fits, timeoutMs) => (await waitForSpans(1, fits, timeoutMs))[0]!,
    waitForSpans,
    waitForLog,
    clear: () => {
      preflights = 0;
      spans.length = logs.length = points.length = requests.length = connectionsUnixMs.length = 0;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Finer than `Date.now()`, so that "first this, then that" can be told. */
export function unixMs(): number {
  return performance.timeOrigin + performance.now();
}

interface WireKeyValue {
  key: string;
  value: Record<string, unknown>;
}

interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: WireKeyValue[];
  links?: { traceId: string; spanId: string }[];
  status?: { code?: number; message?: string };
  events?: { name: string; attributes?: WireKeyValue[] }[];
}

interface WireRequest {
  resourceSpans: {
    resource: { attributes?: WireKeyValue[] };
    scopeSpans: { scope?: { name: string }; spans: WireSpan[] }[];
  }[];
}

/** Decodes an OTLP/JSON request without forgiving anything: a wrong shape throws. */
export function decodeSpans(body: string, receivedUnixMs: number): ReceivedSpan[] {
  return (JSON.parse(body) as WireRequest).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        name: span.name,
        kind: span.kind,
        startUnixMs: Number(BigInt(span.startTimeUnixNano) / 1000n) / 1000,
        endUnixMs: Number(BigInt(span.endTimeUnixNano) / 1000n) / 1000,
        attributes: toRecord(span.attributes),
        resource: toRecord(resource.attributes),
        scope: scope?.name ?? '',
        links: (span.links ?? []).map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
        events: (span.events ?? []).map((e) => ({ name: e.name, attributes: toRecord(e.attributes) })),
        receivedUnixMs,
      })),
    ),
  );
}

interface WireLogRequest {
  resourceLogs: {
    resource: { attributes?: WireKeyValue[] };
    scopeLogs: { scope?: { name: string }; logRecords: WireLog[] }[];
  }[];
}

interface WireLog {
  timeUnixNano: string;
  severityNumber?: number;
  eventName?: string;
  body?: { stringValue: string };
  attributes?: WireKeyValue[];
  traceId?: string;
  spanId?: string;
}

/** Decodes an OTLP/JSON request of log records without forgiving anything: a wrong shape throws. */
export function decodeLogs(body: string): ReceivedLog[] {
  return (JSON.parse(body) as WireLogRequest).resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) =>
      logRecords.map((log) => ({
        unixMs: Number(BigInt(log.timeUnixNano) / 1000n) / 1000,
        eventName: log.eventName ?? '',
        severity: log.severityNumber ?? 0,
        body: log.body?.stringValue ?? '',
        traceId: log.traceId ?? '',
        spanId: log.spanId ?? '',
        attributes: toRecord(log.attributes),
        resource: toRecord(resource.attributes),
        scope: scope?.name ?? '',
      })),
    ),
  );
}

interface WirePoint {
  attributes?: WireKeyValue[];
  startTimeUnixNano: string;
  timeUnixNano: string;
}

interface WireData<P> {
  aggregationTemporality: number;
  isMonotonic?: boolean;
  dataPoints: (WirePoint & P)[];
}

interface WireHistogram {
  count: string;
  sum: number;
  min: number;
  max: number;
  bucketCounts: string[];
  explicitBounds: number[];
}

interface WireMetricRequest {
  resourceMetrics: {
    resource: { attributes?: WireKeyValue[] };
    scopeMetrics: {
      metrics: {
        name: string;
        unit: string;
        sum?: WireData<{ asInt: string }>;
        histogram?: WireData<WireHistogram>;
      }[];
    }[];
  }[];
}

/** Decodes an OTLP/JSON request of metrics without forgiving anything: a wrong shape throws. */
export function decodePoints(body: string): ReceivedPoint[] {
  return (JSON.parse(body) as WireMetricRequest).resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, unit, sum, histogram }) => {
        const data = sum ?? histogram!;
        const toPoint = (point: WirePoint): Omit<ReceivedPoint, 'sum' | 'histogram'> => ({
          name,
          unit,
          temporality: data.aggregationTemporality,
          startUnixMs: Number(BigInt(point.startTimeUnixNano) / 1000n) / 1000,
          endUnixMs: Number(BigInt(point.timeUnixNano) / 1000n) / 1000,
          attributes: toRecord(point.attributes),
          resource: toRecord(resource.attributes),
        });
        return [
          ...(sum?.dataPoints ?? []).map((point) => ({
            ...toPoint(point),
            sum: Number(point.asInt),
            histogram: undefined,
          })),
          ...(histogram?.dataPoints ?? []).map((point) => ({
            ...toPoint(point),
            sum: point.sum,
            histogram: {
              count: Number(point.count),
              min: point.min,
              max: point.max,
              bounds: point.explicitBounds,
              buckets: point.bucketCounts.map(Number),
            },
          })),
        ];
      }),
    ),
  );
}

function toRecord(list: readonly WireKeyValue[] | undefined): Record<string, unknown> {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, toPlain(value)]));
}

function toPlain(value: Record<string, unknown>): unknown {
  const [[kind, inner] = ['', undefined]] = Object.entries(value);
  if (kind === 'intValue') return Number(inner);
  if (kind === 'arrayValue') {
    return ((inner as { values?: Record<string, unknown>[] }).values ?? []).map(toPlain);
  }
  return inner;
}
