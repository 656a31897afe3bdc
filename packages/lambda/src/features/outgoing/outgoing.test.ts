import { AsyncResource } from 'node:async_hooks';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, RequestOptions, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { createIdSource } from '@clickspan/shared/ids';
import { createTracerProvider, toExceptionAttributes } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createActiveContext } from '../../platform/activeContext.ts';
import { createAwsMiddleware } from './awsClient.ts';
import { observeHttpClient } from './httpClient.ts';
import { createOpenCalls } from './openCalls.ts';
import { observeUndici } from './undici.ts';

const contexts = createActiveContext();
const ended: EndedSpan[] = [];
const faults: unknown[] = [];
const tracer = createTracerProvider({
  clock: Date.now,
  ids: createIdSource((bytes) => crypto.getRandomValues(bytes)),
  activeContext: () => contexts.active(),
  runWith: contexts.run,
  describe: toExceptionAttributes,
  onEnd: (span) => ended.push(span),
}).getTracer('test');
const calls = createOpenCalls();
const environment = {
  tracer,
  contexts,
  calls,
  now: Date.now,
  // Nothing listens there, and `fetch` refuses no such port.
  runtimeApi: '127.0.0.1:2',
  guard: <T>(run: () => T): T | undefined => {
    try {
      return run();
    } catch (error) {
      faults.push(error);
      return undefined;
    }
  },
};
const invocation = tracer.startSpan('invocation', {}, ROOT_CONTEXT);
const inInvocation = <T>(run: () => T): T => contexts.run(withSpan(ROOT_CONTEXT, invocation), run);

let server: Server;
let url: string;
let received: IncomingHttpHeaders[];
beforeAll(async () => {
  observeUndici(environment);
  observeHttpClient(environment);
  server = createServer((incoming, answer) => {
    received.push(incoming.headers);
    incoming.resume();
    answer.end('hello');
  });
  server.on('upgrade', (incoming, socket) => {
    received.push(incoming.headers);
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  received = [];
  ended.length = 0;
  faults.length = 0;
});

function send(options: RequestOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, options, (incoming: IncomingMessage) => {
      incoming.resume().on('end', resolve);
    });
    outgoing.on('error', reject).end(options.method === 'POST' ? 'x' : undefined);
  });
}

describe('outgoing calls', () => {
  it('are spans below the invocation, and hand it on', async () => {
    await inInvocation(async () => (await fetch(`${url}/a?b=1`)).text());
    await inInvocation(() => send({ method: 'POST' }));
    await expect.poll(() => ended.length).toBe(2);
    expect(ended.map(({ parentSpanId }) => parentSpanId)).toEqual(
      Array(2).fill(invocation.spanContext().spanId),
    );
    expect(received.map(({ traceparent }) => traceparent)).toEqual(
      ended.map(({ context }) => `00-${context.traceId}-${context.spanId}-03`),
    );
  });

  it('outside of an invocation are left alone', async () => {
    await (await fetch(url)).text();
    await send({});
    expect(received.map(({ traceparent }) => traceparent)).toEqual([undefined, undefined]);
    expect(ended).toEqual([]);
  });

  it('tell no credentials of their address', async () => {
    await inInvocation(async () => (await fetch(`${url}/file?a=1&X-Amz-Signature=secret`)).text());
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]!.attributes['url.full']).toBe(`${url}/file?a=1&X-Amz-Signature=REDACTED`);
  });

  it('to the platform itself are left alone', async () => {
    await inInvocation(() => fetch(`http://${environment.runtimeApi}`).catch(() => {}));
    calls.endAll('test');
    expect(ended).toEqual([]);
  });

  it('whose head is written at once are spans too, without being changed', async () => {
    await inInvocation(() => send({ method: 'POST', headers: { Expect: '100-continue' } }));
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]!.attributes['url.full']).toBe(`${url}/`);
    await inInvocation(() => send({ headers: ['host', 'a.example', 'x-list', '1'] as never }));
    expect(received.map(({ traceparent }) => traceparent)).toEqual([undefined, undefined]);
    expect(faults).toEqual([]);
  });

  it('that become another protocol are left alone, since nothing tells their end', async () => {
    await inInvocation(
      () =>
        new Promise<void>((resolve) => {
          new WebSocket(url.replace('http', 'ws')).addEventListener('error', () => resolve());
        }),
    );
    expect(received[0]?.['upgrade']).toBe('websocket');
    expect(received[0]?.['traceparent']).toBeUndefined();
    calls.endAll('test');
    expect(ended).toEqual([]);
  });

  it('of a traced AWS client make no spans beneath, and those of what runs after it do', async () => {
    let after: (() => Promise<unknown>) | undefined;
    const middleware = createAwsMiddleware(environment);
    const next = async (): Promise<unknown> => {
      // As the events of a stream that the client hands out: they run in the context of the call.
      after = AsyncResource.bind(() => fetch(url).then((answer) => answer.text()));
      return (await fetch(url)).text();
    };
    await inInvocation(() =>
      middleware(next, { clientName: 'S3Client', commandName: 'GetObjectCommand' }, { input: {} }),
    );
    expect(ended.map(({ name }) => name)).toEqual(['S3.GetObject']);
    await after!();
    await expect.poll(() => ended.map(({ name }) => name)).toEqual(['S3.GetObject', 'GET']);
    expect(received.map(({ traceparent }) => traceparent !== undefined)).toEqual([false, true]);
  });
});

describe('the record of open calls', () => {
  it('stays small where calls never end', () => {
    const open = createOpenCalls();
    for (let i = 0; i < 5000; i++) open.begin(tracer.startSpan(`call ${i}`, {}, ROOT_CONTEXT));
    expect(ended.length).toBeGreaterThan(3500);
    expect(ended[0]!.name).toBe('call 0');
    open.endAll('test');
    expect(ended).toHaveLength(5000);
  });
});
