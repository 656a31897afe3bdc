import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleep, startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';

// Sources:
// [lambda] https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// [cors] https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
// [quotas] https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html: payload of 10 MB,
// integration timeout of 30 seconds
// [routes] https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
// [urls] https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
// [url cors] https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html, "Cross-origin resource sharing
// (CORS)"
// [core] aws/aws-lambda-runtime-interface-emulator at 4fa21571, internal/lambda/rapid/handlers.go, doInvoke: an
// invocation is over when the runtime asks again

const SHOP = 'http://shop.example';
const FUNCTION = `
  export const handler = async (event) => {
    const order = event.body && !event.isBase64Encoded && event.body.startsWith('{') ? JSON.parse(event.body) : {};
    if (order.throw) throw new Error('boom');
    if (order.hang) await new Promise((resolve) => setTimeout(resolve, 600_000));
    if (order.exit) process.exit(1);
    if (order.big) return { statusCode: 200, body: 'x'.repeat(7_000_000) };
    if ('answer' in order) return order.answer;
    if (order.tail) setTimeout(() => console.log('tail done'), 1500);
    return event;
  };
`;

let stage: Stage;
let api: string;
let url: string;
let bare: string;
let hasty: string;
beforeAll(async () => {
  const cors = {
    allowOrigins: [SHOP],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['content-type', 'traceparent'],
    exposeHeaders: ['server-timing'],
    allowCredentials: true,
    maxAgeSeconds: 600,
  };
  const routes = ['POST /orders', 'GET /products/{id}', 'ANY /any/{proxy+}'].map((route) => ({
    route,
    function: 'f',
  }));
  stage = await startStage([{ name: 'f', source: FUNCTION, timeoutMs: 2500, memoryMb: 512 }], {
    httpApis: [
      { name: 'shop', cors, routes },
      { name: 'bare', routes },
      { name: 'hasty', routes, integrationTimeoutMs: 1000 },
    ],
    functionUrls: [{ function: 'f', cors: { allowOrigins: [SHOP], exposeHeaders: ['server-timing'] } }],
  });
  api = stage.emulator.urls['shop']!;
  bare = stage.emulator.urls['bare']!;
  hasty = stage.emulator.urls['hasty']!;
  url = stage.emulator.functionUrls['f']!;
});
afterAll(() => stage.stop());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** node:http and not fetch, which would not let us set origins, cookies and duplicates. */
function send(
  target: string,
  method: string,
  headers: Record<string, string | string[]> = {},
  body = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(target, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

const order = (target: string, document: unknown): Promise<Answer> =>
  send(
    `${target}/orders`,
    'POST',
    { 'content-type': 'application/json', origin: SHOP },
    JSON.stringify(document),
  );

describe('an HTTP API', () => {
  it('hands over the request in payload format 2.0 [lambda]', async () => {
    const target = `${api}/products/a%20b?size=m&size=l&empty=&q=%C3%BC`;
    const headers = {
      cookie: 'a=1; b=2',
      'X-Many': ['one', 'two'],
      traceparent: '00-aa-bb-01',
      'User-Agent': 'probe',
    };
    const { status, body } = await send(target, 'GET', headers);
    expect(status).toBe(200);
    const event = JSON.parse(body) as Record<string, unknown>;
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'GET /products/{id}',
      rawPath: '/products/a b',
      rawQueryString: 'size=m&size=l&empty=&q=%C3%BC',
      cookies: ['a=1', 'b=2'],
      headers: {
        'x-many': 'one,two',
        traceparent: '00-aa-bb-01',
        'user-agent': 'probe',
        'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}/) as string,
        'x-forwarded-proto': 'http',
      },
      queryStringParameters: { size: 'm,l', empty: '', q: 'ü' },
      requestContext: {
        stage: '$default',
        routeKey: 'GET /products/{id}',
        http: {
          method: 'GET',
          path: '/products/a b',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'probe',
        },
      },
      pathParameters: { id: 'a b' },
      isBase64Encoded: false,
    });
    expect(event).not.toHaveProperty('body');
    expect(event['headers']).not.toHaveProperty('cookie');
  });

  it.each(['application/json', 'text/plain;charset=utf-8', 'Application/XML', 'application/javascript'])(
    'hands over %s as text',
    async (type) => {
      const { body } = await send(`${api}/orders`, 'POST', { 'content-type': type }, '"a ✓"');
      expect(JSON.parse(body)).toMatchObject({ body: '"a ✓"', isBase64Encoded: false });
    },
  );

  // Seen on AWS, forms too: ministackorg/ministack#766.
  it.each(['application/octet-stream', 'application/x-www-form-urlencoded', 'application/jsonl', undefined])(
    'hands over %s as base64',
    async (type) => {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      const { body } = await send(`${api}/orders`, 'POST', headers, 'bytes');
      expect(JSON.parse(body)).toMatchObject({ body: 'Ynl0ZXM=', isBase64Encoded: true });
    },
  );

  it('passes on status, headers, cookies and bytes [lambda]', async () => {
    const answer = {
      statusCode: 418,
      headers: { 'Content-Type': 'image/png', 'Server-Timing': 'init;dur=3', 'content-length': '99' },
      cookies: ['a=1; Secure', 'b=2'],
      body: 'iVBORw==',
      isBase64Encoded: true,
    };
    const { status, headers, body } = await order(bare, { answer });
    expect(status).toBe(418);
    expect(headers).toMatchObject({
      'content-type': 'image/png',
      'server-timing': 'init;dur=3',
      'set-cookie': ['a=1; Secure', 'b=2'],
      'content-length': '4',
    });
    expect(body).toHaveLength(4);
  });

  it.each([
    ['throws', { throw: true }, 500, 'Internal Server Error'],
    ['runs out of time', { hang: true }, 500, 'Internal Server Error'],
    ['dies', { exit: true }, 500, 'Internal Server Error'],
    ['answers with too much', { big: true }, 500, 'Internal Server Error'],
    ['answers with a status that is none', { answer: { statusCode: 'many' } }, 500, 'Internal Server Error'],
    [
      'answers with a header that is none',
      { answer: { statusCode: 200, headers: { 'a b': 'c' } } },
      500,
      'Internal Server Error',
    ],
  ])(
    'says so when the function %s, and lets the page read it [lambda]',
    async (_, document, status, message) => {
      const answer = await order(api, document);
      expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { message }]);
      expect(answer.headers['access-control-allow-origin']).toBe(SHOP);
    },
  );

  it('says that it is not available when the function takes longer than it may wait [quotas]', async () => {
    const { status, body } = await order(hasty, { hang: true });
    expect([status, body]).toEqual([503, '{"message":"Service Unavailable"}']);
  });

  it('does not know other routes [routes]', async () => {
    const { status, body } = await send(`${api}/elsewhere`, 'GET');
    expect([status, body]).toEqual([404, '{"message":"Not Found"}']);
  });

  it('takes no more than 10 MB [quotas]', async () => {
    const { status } = await send(
      `${api}/orders`,
      'POST',
      { 'content-type': 'text/plain' },
      'x'.repeat(10_000_001),
    );
    expect(status).toBe(413);
  });

  it('answers preflights itself, without any function [cors]', async () => {
    const before = stage.environments().flatMap(({ invocations }) => invocations).length;
    const asked = {
      origin: SHOP,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'traceparent',
    };
    const { status, headers, body } = await send(`${api}/orders`, 'OPTIONS', asked);
    expect([status, body]).toEqual([204, '']);
    expect(headers).toMatchObject({
      'access-control-allow-origin': SHOP,
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'content-type,traceparent',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '600',
    });
    const strange = await send(`${api}/orders`, 'OPTIONS', { ...asked, origin: 'http://evil.example' });
    expect(strange.headers['access-control-allow-origin']).toBeUndefined();
    expect(stage.environments().flatMap(({ invocations }) => invocations)).toHaveLength(before);
  });

  it("sets its own CORS headers and drops the function's when it is configured to, and only then [cors]", async () => {
    const headers = {
      'Access-Control-Allow-Origin': '*',
      'access-control-expose-headers': 'x-mine',
      'x-mine': '1',
    };
    const document = { answer: { statusCode: 200, headers, body: '' } };
    expect((await order(api, document)).headers).toMatchObject({
      'access-control-allow-origin': SHOP,
      'access-control-expose-headers': 'server-timing',
      'access-control-allow-credentials': 'true',
      'x-mine': '1',
    });
    expect((await order(bare, document)).headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'x-mine',
    });
  });

  it('answers when the runtime does, not when the environment comes to rest [core]', async () => {
    // The counter below is in the same process: only the order of events counts, no clock.
    const running = await startStage(
      [
        {
          name: 'held',
          timeoutMs: 20_000,
          source: `
            const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/';
            const answer = await fetch(api + 'register', { method: 'POST', headers: { 'Lambda-Extension-Name': 'x' }, body: '{"events":["INVOKE"]}' });
            const headers = { 'Lambda-Extension-Identifier': answer.headers.get('lambda-extension-identifier') };
            (async () => { for (;;) { await fetch(api + 'event/next', { headers }); await new Promise((r) => setTimeout(r, 1000)); } })();
            export const handler = async () => 'at once';
          `,
        },
      ],
      { functionUrls: [{ function: 'held' }] },
    );
    try {
      const { body } = await send(running.emulator.functionUrls['held']!, 'GET');
      expect(body).toBe('at once');
      expect(running.environments()[0]).toMatchObject({ state: 'busy', invocations: [{ status: 'ok' }] });
      await until('it rests at last', () => running.environments()[0]?.frozen);
    } finally {
      await running.stop();
    }
  });
});

describe('a function URL', () => {
  it('takes every path and method [urls]', async () => {
    const { status, body } = await send(
      `${url}/any/wh%20re?x=1`,
      'PATCH',
      { 'content-type': 'text/plain' },
      'hi',
    );
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      // As it was sent, unlike an HTTP API's.
      rawPath: '/any/wh%20re',
      requestContext: { accountId: 'anonymous', http: { method: 'PATCH' }, stage: '$default' },
      body: 'hi',
    });
  });

  it("sends the function's own CORS headers beside those that are configured [url cors]", async () => {
    const headers = { 'Access-Control-Allow-Origin': '*', 'access-control-expose-headers': 'x-mine' };
    const answer = await order(url, { answer: { statusCode: 200, headers, body: '' } });
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': `*, ${SHOP}`,
      'access-control-expose-headers': 'x-mine, server-timing',
    });
  });

  it.each([
    ['throws', { throw: true }],
    ['runs out of time', { hang: true }],
    ['dies', { exit: true }],
  ])('answers 502 when the function %s [urls]', async (_, document) => {
    const { status, body } = await order(url, document);
    expect([status, body]).toEqual([502, 'Internal Server Error']);
  });

  it('answers a HEAD without a body', async () => {
    const { status, body, headers } = await send(`${url}/`, 'HEAD');
    expect([status, body]).toEqual([200, '']);
    expect(Number(headers['content-length'])).toBeGreaterThan(0);
  });

  it('lets a caller go away in the middle without harm', async () => {
    const request = httpRequest(`${url}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    request.on('error', () => undefined);
    request.end('{"hang":true}');
    await sleep(200);
    request.destroy();
    expect((await send(`${url}/`, 'GET')).status).toBe(200);
  });
});
