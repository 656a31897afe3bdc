import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from '../../../../../test/support/httpClient.ts';
import type { HttpAnswer, HttpCall } from '../../../../../test/support/httpClient.ts';
import type { InvocationOutcome } from '../../platform/invocation.ts';
import { startLoadBalancer } from './loadBalancerFront.ts';
import type { LoadBalancer } from './loadBalancerFront.ts';

// Sources, in https://docs.aws.amazon.com/elasticloadbalancing/latest/application/
// [lambda] lambda-functions.html
// [errors] load-balancer-troubleshooting.html
// [trace] load-balancer-request-tracing.html

const TRACE = 'Root=1-6b000000-000000000000000000000001;Parent=0000000000000001;Sampled=0';
const PAGE_502 =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n';

let front: LoadBalancer | undefined;
afterEach(async () => {
  await front?.stop();
  front = undefined;
});

interface Bench {
  readonly events: Record<string, unknown>[];
  readonly send: (path: string, call?: HttpCall) => Promise<HttpAnswer>;
}

async function bench(
  multiValueHeaders: boolean,
  reply: InvocationOutcome = ok({ statusCode: 200 }),
): Promise<Bench> {
  const events: Record<string, unknown>[] = [];
  front = await startLoadBalancer({
    config: { name: 'shop', function: 'f', multiValueHeaders },
    targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/1',
    toTraceId: (incoming) => incoming ?? TRACE,
    invoke: async (_, { payload }) => {
      events.push(JSON.parse(payload.toString()) as Record<string, unknown>);
      return reply;
    },
  });
  const { url } = front;
  return { events, send: (path, call) => sendHttp(`${url}${path}`, call) };
}

const ok = (answer: unknown): InvocationOutcome => ({
  status: 'ok',
  payload: Buffer.from(JSON.stringify(answer)),
  contentType: 'application/json',
});

const REQUEST = {
  method: 'PUT',
  headers: {
    'X-Many': ['one', 'two'],
    'Content-Type': 'application/json; charset=utf-8',
    'User-Agent': 'probe',
  },
  body: '{"a":1}',
};

describe('the event of a load balancer', () => {
  it('has single values and lower-case names, the last one of several [lambda]', async () => {
    const { events, send } = await bench(false);
    await send('/lambda/a%20b?size=m&size=l&q=%C3%BC+x&flag', REQUEST);
    const { host, port } = new URL(front!.url);
    expect(events[0]).toEqual({
      requestContext: {
        elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/1' },
      },
      httpMethod: 'PUT',
      path: '/lambda/a%20b',
      queryStringParameters: { size: 'l', q: '%C3%BC+x', flag: '' },
      headers: {
        host,
        connection: 'keep-alive',
        'content-length': '7',
        'x-many': 'two',
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'probe',
        'x-amzn-trace-id': 'Root=1-6b000000-000000000000000000000001',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': port,
        'x-forwarded-proto': 'http',
      },
      body: '{"a":1}',
      isBase64Encoded: false,
    });
  });

  it('has lists, and only lists, when multi-value headers are enabled [lambda]', async () => {
    const { events, send } = await bench(true);
    await send('/lambda?size=m&size=l&q=%C3%BC', REQUEST);
    expect(events[0]).toMatchObject({
      multiValueQueryStringParameters: { size: ['m', 'l'], q: ['%C3%BC'] },
      multiValueHeaders: { 'x-many': ['one', 'two'], 'user-agent': ['probe'], 'x-forwarded-proto': ['http'] },
    });
    expect(events[0]).not.toHaveProperty('headers');
    expect(events[0]).not.toHaveProperty('queryStringParameters');
  });

  it.each([false, true])('has names that objects have a meaning for (%s)', async (multiValueHeaders) => {
    const { events, send } = await bench(multiValueHeaders);
    await send('/?__proto__=a&constructor=b');
    const name = multiValueHeaders ? 'multiValueQueryStringParameters' : 'queryStringParameters';
    expect(JSON.stringify(events[0]![name])).toBe(
      multiValueHeaders ? '{"__proto__":["a"],"constructor":["b"]}' : '{"__proto__":"a","constructor":"b"}',
    );
  });

  it('has an empty query and body where there is none [lambda]', async () => {
    const { events, send } = await bench(false);
    await send('/');
    expect(events[0]).toMatchObject({ queryStringParameters: {}, body: '', isBase64Encoded: false });
  });

  it.each([
    ['text/css', undefined, false],
    ['application/javascript', undefined, false],
    ['application/xml', undefined, false],
    ['application/octet-stream', undefined, true],
    ['application/x-www-form-urlencoded', undefined, true],
    ['application/json', 'gzip', true],
  ])(
    'has a body of type %s, encoding %s, as base64: %s [lambda]',
    async (type, encoding, isBase64Encoded) => {
      const { events, send } = await bench(false);
      const headers = {
        'content-type': type,
        ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
      };
      await send('/', { headers, body: 'bytes' });
      expect(events[0]).toMatchObject({ body: isBase64Encoded ? 'Ynl0ZXM=' : 'bytes', isBase64Encoded });
    },
  );

  it("keeps a caller's trace and puts its own id before it [trace]", async () => {
    const { events, send } = await bench(false);
    await send('/', { headers: { 'X-Amzn-Trace-Id': 'Root=1-a-b;CalledFrom=app' } });
    expect(events[0]).toMatchObject({
      headers: { 'x-amzn-trace-id': 'Self=1-6b000000-000000000000000000000001;Root=1-a-b;CalledFrom=app' },
    });
  });
});

describe('the answer of a load balancer', () => {
  const answer = {
    statusCode: 418,
    statusDescription: '418 Short and Stout',
    headers: { 'Content-Type': 'image/png', 'X-Mode': 'single' },
    multiValueHeaders: {
      'Content-Type': ['image/png'],
      'X-Mode': ['list', 'of two'],
      'Set-Cookie': ['a=1', 'b=2'],
    },
    body: 'AP8=',
    isBase64Encoded: true,
  };

  it('has what `headers` says, and only that [lambda]', async () => {
    const { send } = await bench(false, ok(answer));
    const { status, statusText, headers, bytes } = await send('/');
    expect([status, statusText, bytes]).toEqual([418, 'Short and Stout', Buffer.from([0, 255])]);
    expect(headers).toMatchObject({ 'content-type': 'image/png', 'x-mode': 'single' });
    expect(headers).not.toHaveProperty('set-cookie');
  });

  it('has what `multiValueHeaders` says when they are enabled, and only that [lambda]', async () => {
    const { send } = await bench(true, ok(answer));
    const { headers } = await send('/');
    expect(headers).toMatchObject({ 'x-mode': 'list, of two', 'set-cookie': ['a=1', 'b=2'] });
  });

  it('has a type also when the function names none', async () => {
    const { send } = await bench(false, ok({ statusCode: 200, body: 'x' }));
    expect((await send('/')).headers['content-type']).toBe('application/octet-stream');
  });

  it.each<[string, InvocationOutcome]>([
    ['the function fails', { status: 'error', errorType: 'Error', payload: Buffer.from('{}') }],
    ['the function has no room', { status: 'throttled', reason: 'ConcurrentInvocationLimitExceeded' }],
    ['the result is no object', ok('hi')],
    ['the result has no status', ok({ body: 'hi' })],
    ['the status is none', ok({ statusCode: 'many' })],
    ['the body is no text', ok({ statusCode: 200, body: { a: 1 } })],
    ['a header is no text', ok({ statusCode: 200, headers: { a: ['b'] } })],
    ['a header is none that HTTP knows', ok({ statusCode: 200, headers: { 'a b': 'c' } })],
    ['the result exceeds 1 MB', ok({ statusCode: 200, body: 'x'.repeat(1024 * 1024) })],
  ])('is the 502 page when %s [errors]', async (_, reply) => {
    const { send } = await bench(false, reply);
    const { status, body, headers } = await send('/');
    expect([status, body, headers['content-type']]).toEqual([502, PAGE_502, 'text/html']);
    expect(headers['server']).toBe('awselb/2.0');
  });

  it('is a 413 when the request exceeds 1 MB [errors]', async () => {
    const { events, send } = await bench(false);
    const { status } = await send('/', { body: 'x'.repeat(1024 * 1024 + 1) });
    expect([status, events]).toEqual([413, []]);
  });

  it('to a WebSocket is a 400 [lambda]', async () => {
    await bench(false);
    const { hostname, port } = new URL(front!.url);
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () =>
        socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      );
      let got = '';
      socket.on('data', (chunk) => (got += chunk.toString()));
      socket.on('close', () => resolve(got));
    });
    expect(text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
  });
});
