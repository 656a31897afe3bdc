import { connect, constants, createServer, sensitiveHeaders } from 'node:http2';
import http2 from 'node:http2';
import type { ClientHttp2Session, Http2Server, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestOutgoing } from '../../../../../test/support/outgoingEnvironment.ts';
import { observeHttp2Client } from './http2Client.ts';

const { environment, ended, faults, invocation, inInvocation } = createTestOutgoing();
const originalConnect = http2.connect;
const look = observeHttp2Client(environment);

let server: Http2Server;
let url: string;
let session: ClientHttp2Session;
let received: IncomingHttpHeaders[];
beforeAll(async () => {
  server = createServer();
  server.on('stream', (stream, headers) => {
    received.push(headers);
    stream.on('error', () => {});
    const path = headers[':path'];
    if (path === '/hang') return;
    if (path === '/reset') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else {
      stream.respond({ ':status': path === '/missing' ? 404 : 200, 'x-amzn-requestid': 'R1' });
      stream.end('hello');
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  received = [];
  ended.length = 0;
  faults.length = 0;
});
afterEach(() => {
  session.destroy();
  expect(faults).toEqual([]);
});

function send(headers: OutgoingHttpHeaders | string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const stream = session.request(headers);
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => (text += chunk));
    stream.on('end', () => resolve(text)).on('error', reject);
    stream.end();
  });
}

const onlySpan = async (): Promise<(typeof ended)[number]> => {
  await expect.poll(() => ended.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(ended).toHaveLength(1);
  return ended[0]!;
};

describe('requests of HTTP/2', () => {
  it('carry their context from the first one on, when the module was there before the session', async () => {
    look();
    session = http2.connect(url);
    // Nothing of ours stays on the module.
    expect(http2.connect).toBe(originalConnect);
    const headers = Object.freeze({ ':path': '/a?b=1&X-Amz-Signature=secret', [sensitiveHeaders]: ['x'] });
    expect(await inInvocation(() => send(headers))).toBe('hello');
    const span = await onlySpan();
    expect(span).toMatchObject({ name: 'GET', kind: 2, parentSpanId: invocation.spanContext().spanId });
    expect(span.attributes).toMatchObject({
      'url.full': `${url}/a?b=1&X-Amz-Signature=REDACTED`,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(url).port),
      'network.protocol.version': '2',
      'http.response.status_code': 200,
      'aws.request_id': 'R1',
    });
    expect(received[0]?.['traceparent']).toBe(`00-${span.context.traceId}-${span.context.spanId}-03`);
  });

  it('are found without that too, and go on to carry it', async () => {
    session = connect(url);
    await inInvocation(() => send({ ':path': '/a' }));
    await inInvocation(() => send({ ':path': '/b' }));
    await expect.poll(() => ended.length).toBe(2);
    expect(received[1]?.['traceparent']).toContain(ended[1]!.context.spanId);
  });

  it('keep headers that are a list', async () => {
    session = connect(url);
    const headers = [':path', '/a', 'x-mine', '1', 'x-mine', '2'];
    Object.freeze(headers);
    await inInvocation(() => send(headers));
    const span = await onlySpan();
    expect(received[0]).toMatchObject({ 'x-mine': '1, 2', ':path': '/a' });
    expect(received[0]?.['traceparent']).toContain(span.context.spanId);
  });

  it('keep a context of one’s own', async () => {
    session = connect(url);
    await inInvocation(() => send({ Traceparent: 'mine' }));
    await onlySpan();
    expect(received[0]?.['traceparent']).toBe('mine');
  });

  it('of an AWS service carry X-Ray’s header alone', async () => {
    session = connect(url);
    const target = {
      'x-amz-target': 'Kinesis_20131202.PutRecord',
      'X-Amzn-Trace-Id': 'Root=1-x;Lineage=1:a:0',
    };
    await inInvocation(() => send({ ':method': 'POST', ...target }));
    const span = await onlySpan();
    expect(span).toMatchObject({ name: 'Kinesis.PutRecord', kind: 3 });
    expect(received[0]?.['traceparent']).toBeUndefined();
    expect(received[0]?.['x-amzn-trace-id']).toMatch(
      new RegExp(`^Root=1-.*;Parent=${span.context.spanId};Lineage=1:a:0;Clickspan=03$`),
    );
  });

  it('outside of an invocation are left alone', async () => {
    session = connect(url);
    await send({});
    expect(received[0]?.['traceparent']).toBeUndefined();
    expect(ended).toEqual([]);
  });

  it.each([
    ['answered with an error', '/missing', '404'],
    ['reset by the server', '/reset', 'ERR_HTTP2_STREAM_ERROR'],
  ])('are one span when %s', async (_, path, type) => {
    session = connect(url);
    await inInvocation(() => send({ ':path': path }).catch(() => {}));
    expect(await onlySpan()).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': type } });
  });

  it('are one span when given up', async () => {
    session = connect(url);
    const controller = new AbortController();
    const sent = inInvocation(
      () =>
        new Promise<void>((resolve) => {
          session.request({ ':path': '/hang' }, { signal: controller.signal }).on('error', () => resolve());
        }),
    );
    await expect.poll(() => received.length).toBe(1);
    controller.abort();
    await sent;
    expect((await onlySpan()).attributes['error.type']).toBe('ABORT_ERR');
  });

  it('are one span when the session has never been', async () => {
    session = connect('http://127.0.0.1:1');
    session.on('error', () => {});
    await inInvocation(() => send({}).catch(() => {}));
    expect((await onlySpan()).attributes['error.type']).toBe('ECONNREFUSED');
  });

  it('throw what they would throw', async () => {
    session = connect(url);
    expect(() => inInvocation(() => session.request('text' as never))).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(ended).toEqual([]);
    expect(() => inInvocation(() => session.request({ ':method': 7 as never, connection: 'close' }))).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP2_INVALID_CONNECTION_HEADERS' }),
    );
    expect(await onlySpan()).toMatchObject({
      attributes: { 'error.type': 'ERR_HTTP2_INVALID_CONNECTION_HEADERS' },
    });
  });
});
