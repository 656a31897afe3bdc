import { AsyncResource } from 'node:async_hooks';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, RequestOptions, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestOutgoing } from '../../../../../test/support/outgoingEnvironment.ts';
import { createAwsMiddleware } from './awsClient.ts';
import { observeHttpClient } from './httpClient.ts';
import { createOpenCalls } from './openCalls.ts';
import { observeUndici } from './undici.ts';

const { environment, ended, faults, invocation, inInvocation } = createTestOutgoing();
const { calls, tracer } = environment;

let server: Server;
let url: string;
let received: IncomingHttpHeaders[];
beforeAll(async () => {
  observeUndici(environment);
  observeHttpClient(environment);
  server = createServer((incoming, answer) => {
    received.push(incoming.headers);
    incoming.resume();
    respond(incoming, answer);
  });
  server.on('upgrade', (incoming, socket) => {
    received.push(incoming.headers);
    if (incoming.url === '/echo')
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
    else socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
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

function respond(incoming: IncomingMessage, answer: ServerResponse): void {
  if (incoming.url === '/hang') return;
  if (incoming.url === '/cut') answer.destroy();
  else if (incoming.url === '/moved') answer.writeHead(302, { location: '/' }).end();
  else if (incoming.url === '/drip') answer.write('some');
  else answer.end('hello');
}

const send = (options: RequestOptions): Promise<void> => sendTo(url, options);

function sendTo(address: string, options: RequestOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(address, options, (incoming: IncomingMessage) => {
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

  it('through a proxy tell where they go, and no credentials of that', async () => {
    const path = 'http://me:secret@shop.example:8080/orders?page=2';
    await inInvocation(() => send({ path, headers: { host: 'shop.example:8080' } }));
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]!.attributes).toMatchObject({
      'url.full': 'http://shop.example:8080/orders?page=2',
      'server.address': 'shop.example',
      'server.port': 8080,
    });
    expect(received[0]!.traceparent).toContain(ended[0]!.context.spanId);
  });

  it('with an unknown method do not make a name of it', async () => {
    await inInvocation(() => send({ method: 'PROPFIND' }));
    await expect.poll(() => ended.length).toBe(1);
    expect(ended[0]).toMatchObject({
      name: 'HTTP',
      attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' },
    });
  });

  it('that open a tunnel are left alone', async () => {
    await expect(inInvocation(() => send({ method: 'CONNECT', path: 'shop.example:443' }))).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([ended, faults]).toEqual([[], []]);
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
    await expect.poll(() => ended.length).toBe(2);
    expect(ended[1]!.attributes['url.full']).toBe('http://a.example/');
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

describe('an outgoing call is one span, whatever becomes of it:', () => {
  const only = async (): Promise<(typeof ended)[number]> => {
    await expect.poll(() => ended.length).toBe(1);
    // What would end it again does so now.
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(ended).toHaveLength(1);
    expect(faults).toEqual([]);
    return ended[0]!;
  };

  it('refused before there is a socket', async () => {
    await expect(inInvocation(() => sendTo('http://127.0.0.1:1', {}))).rejects.toThrow();
    expect((await only()).attributes['error.type']).toBe('ECONNREFUSED');
    ended.length = 0;
    await expect(inInvocation(() => fetch('http://127.0.0.1:3'))).rejects.toThrow();
    expect(await only()).toMatchObject({ status: { code: 2 } });
  });

  it('given up before the answer', async () => {
    const controller = new AbortController();
    const sent = inInvocation(() => fetch(`${url}/hang`, { signal: controller.signal }));
    await expect.poll(() => received.length).toBe(1);
    controller.abort();
    await expect(sent).rejects.toThrow();
    expect((await only()).attributes['error.type']).toBe('AbortError');
  });

  it('given up while the body comes', async () => {
    const controller = new AbortController();
    const answer = await inInvocation(() => fetch(`${url}/drip`, { signal: controller.signal }));
    controller.abort();
    await expect(answer.text()).rejects.toThrow();
    expect((await only()).attributes).toMatchObject({
      'http.response.status_code': 200,
      'error.type': 'AbortError',
    });
  });

  it('destroyed by its own code', async () => {
    await inInvocation(
      () =>
        new Promise<void>((resolve) => {
          const outgoing = httpRequest(`${url}/hang`);
          outgoing.on('error', () => resolve()).end();
          setTimeout(() => outgoing.destroy(), 30);
        }),
    );
    expect((await only()).attributes['error.type']).toBe('ECONNRESET');
  });

  it('cut off by the server', async () => {
    await expect(inInvocation(() => send({ path: '/cut' }))).rejects.toThrow();
    expect((await only()).attributes).toMatchObject({ 'error.type': 'ECONNRESET' });
  });

  it('told to continue first', async () => {
    await inInvocation(
      () =>
        new Promise<void>((resolve, reject) => {
          const outgoing = httpRequest(
            url,
            { method: 'POST', headers: { Expect: '100-continue' } },
            (incoming) => {
              incoming.resume().on('end', resolve);
            },
          );
          outgoing.on('continue', () => outgoing.end('body')).on('error', reject);
          outgoing.flushHeaders();
        }),
    );
    expect((await only()).attributes['http.response.status_code']).toBe(200);
  });

  it('with its headers as a list', async () => {
    await inInvocation(() =>
      send({ path: '/list', headers: ['Host', url.slice(7), 'X-List', '1'] as never }),
    );
    expect((await only()).attributes['url.full']).toBe(`${url}/list`);
  });

  it('upgraded', async () => {
    await inInvocation(
      () =>
        new Promise<void>((resolve) => {
          const headers = { Connection: 'Upgrade', Upgrade: 'echo' };
          httpRequest(`${url}/echo`, { headers })
            .on('upgrade', (_, socket) => {
              socket.end();
              resolve();
            })
            .end();
        }),
    );
    expect((await only()).attributes['http.response.status_code']).toBe(101);
  });

  it('answered and never read', async () => {
    const answer = await inInvocation(() => fetch(`${url}/drip`));
    expect(answer.status).toBe(200);
    expect(ended).toEqual([]);
    calls.endAnswered();
    expect((await only()).attributes['http.response.status_code']).toBe(200);
    await answer.body?.cancel();
    await only();
  });

  it('of a redirect, one of each request', async () => {
    await inInvocation(async () => (await fetch(`${url}/moved`)).text());
    await expect.poll(() => ended.length).toBe(2);
    expect(ended.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([302, 200]);
    const ids = received.map(({ traceparent }) => String(traceparent).split('-')[2]);
    expect(ids).toEqual(ended.map(({ context }) => context.spanId));
  });
});

describe('connections that are kept', () => {
  it('carry no context from one call to the next, and no listener of ours', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const other = tracer.startSpan('other', {}, ROOT_CONTEXT);
    const listeners: number[] = [];
    const once = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest(url, { agent }, (incoming) => {
          incoming.resume().on('end', resolve);
        });
        outgoing.on('error', reject).end();
      });
    agent.on('free', (socket: Socket) => {
      listeners.push(socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0));
    });
    await inInvocation(once);
    await new Promise((resolve) => setImmediate(resolve));
    await environment.contexts.run(withSpan(ROOT_CONTEXT, other), once);
    await new Promise((resolve) => setImmediate(resolve));
    await once();
    await expect.poll(() => listeners.length).toBe(3);
    expect(new Set(listeners).size).toBe(1);
    expect(ended.map(({ parentSpanId }) => parentSpanId)).toEqual([
      invocation.spanContext().spanId,
      other.spanContext().spanId,
    ]);
    expect(received.at(-1)?.['traceparent']).toBeUndefined();
    agent.destroy();
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
