import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { createIdSource } from '@clickspan/shared/ids';
import { extractTraceContext, toTraceparent } from '@clickspan/shared/traceContext';
import {
  createSilentSpan,
  createTracerProvider,
  KIND_CLIENT,
  KIND_SERVER,
  toExceptionAttributes,
} from '@clickspan/shared/tracer';

// The service that the official W3C trace-context harness drives (github.com/w3c/trace-context, folder `test`): it POSTs
// `[{ "url", "arguments" }]` here; for each entry we POST `arguments` to `url`, with what our propagation makes of the
// headers that came in. Loopback only.

const MAX_BODY_BYTES = 1_000_000;
const MAX_REQUESTS = 100;
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/;

const provider = createTracerProvider({
  clock: () => performance.timeOrigin + performance.now(),
  ids: createIdSource((bytes) => crypto.getRandomValues(bytes)),
  activeContext: () => ROOT_CONTEXT,
  runWith: (_, run) => run(),
  describe: toExceptionAttributes,
  onEnd: () => {},
});
const tracer = provider.getTracer('trace-context-service');

interface Order {
  readonly url: string;
  readonly arguments: unknown;
}

/** A running service. */
export interface TraceContextService {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts the service on loopback.
 *
 * @param port 0 for any
 */
export async function startTraceContextService(port: number): Promise<TraceContextService> {
  const server = createServer((request, response) => {
    relay(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400, { 'content-type': 'text/plain' });
      response.end(`${(error as Error).message}\n`);
    });
  });
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const orders = await readOrders(request);
  const remote = extractTraceContext((name) => request.headersDistinct[name]);
  const parent = remote ? withSpan(ROOT_CONTEXT, createSilentSpan(remote)) : ROOT_CONTEXT;
  const span = tracer.startSpan('relay', { kind: KIND_SERVER }, parent);
  for (const order of orders) {
    const call = tracer.startSpan('POST', { kind: KIND_CLIENT }, withSpan(parent, span));
    const context = call.spanContext();
    const tracestate = context.traceState?.serialize();
    await fetch(order.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        traceparent: toTraceparent(context),
        ...(tracestate && { tracestate }),
      },
      body: JSON.stringify(order.arguments),
    });
    call.end();
  }
  span.end();
  response.end();
}

async function readOrders(request: IncomingMessage): Promise<readonly Order[]> {
  if (request.method !== 'POST') throw new Error('POST a JSON list of { "url", "arguments" }.');
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk as string;
    if (body.length > MAX_BODY_BYTES) throw new Error('The body is too large.');
  }
  const orders = JSON.parse(body) as unknown;
  const valid =
    Array.isArray(orders) &&
    orders.length <= MAX_REQUESTS &&
    orders.every((order) => LOOPBACK.test(String((order as Partial<Order> | null)?.url)));
  if (!valid)
    throw new Error('The body must be a JSON list of { "url", "arguments" } with loopback addresses.');
  return orders as Order[];
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '5000' } } });
  const service = await startTraceContextService(Number(values.port)).catch(
    (error: NodeJS.ErrnoException) => {
      const hint =
        error.code === 'EADDRINUSE' ? ' Name another one: npm run tracecontext-service -- --port 5001' : '';
      throw new Error(`The port ${values.port} cannot be used: ${error.message}.${hint}`);
    },
  );
  process.stdout.write(
    `The trace-context service listens at ${service.url}. In a clone of w3c/trace-context, folder test, run:\n` +
      `  python3 test.py ${service.url}\n`,
  );
  process.stdin.resume().on('end', () => void service.stop());
}
