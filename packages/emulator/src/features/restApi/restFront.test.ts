import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from '../../../../../test/support/httpClient.ts';
import type { HttpAnswer, HttpCall } from '../../../../../test/support/httpClient.ts';
import type { InvocationOutcome } from '../../platform/invocation.ts';
import type { RestApiConfig } from './restApiConfig.ts';
import { refuseRestFaults } from './restApiConfig.ts';
import { startRestFront } from './restFront.ts';
import type { RestFront } from './restFront.ts';

// Sources, in https://docs.aws.amazon.com/apigateway/latest/developerguide/
// [proxy] set-up-lambda-proxy-integrations.html
// [responses] supported-gateway-response-types.html
// [cors] how-to-cors.html
// [binary] lambda-proxy-binary-media.html
// [issues] api-gateway-known-issues.html
// [quotas] api-gateway-execution-service-limits-table.html

const TRACE = 'Root=1-6b000000-000000000000000000000001;Parent=0000000000000001;Sampled=0';
const METHODS = ['GET /', 'ANY /pets/{petId}', 'POST /pets', 'GET /pets/mine', 'ANY /files/{proxy+}'];

let front: RestFront | undefined;
afterEach(async () => {
  await front?.stop();
  front = undefined;
});

interface Bench {
  readonly events: Record<string, unknown>[];
  readonly send: (path: string, call?: HttpCall) => Promise<HttpAnswer>;
}

async function bench(
  change: Partial<RestApiConfig> = {},
  reply: () => Promise<InvocationOutcome> | InvocationOutcome = () => ok({ statusCode: 200 }),
): Promise<Bench> {
  const events: Record<string, unknown>[] = [];
  front = await startRestFront({
    config: {
      name: 'shop',
      methods: METHODS.map((method) => ({ method, function: 'f' })),
      ...change,
    },
    apiId: 'shop000000',
    accountId: '123456789012',
    region: 'eu-central-1',
    clock: () => Date.UTC(2026, 10, 23, 12, 4, 5),
    toTraceId: (incoming) => incoming ?? TRACE,
    invoke: async (_, { payload }) => {
      events.push(JSON.parse(payload.toString()) as Record<string, unknown>);
      return reply();
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

describe('the event of a REST API', () => {
  it('has the fields that AWS documents [proxy]', async () => {
    const { events, send } = await bench({ stageVariables: { table: 'pets' } });
    await send('/pets/7?size=m&size=l&q=%C3%BC&empty=', {
      method: 'PUT',
      headers: {
        'X-Many': ['one', 'two'],
        'x-Lower': '1',
        'Content-Type': 'text/plain',
        'User-Agent': 'probe',
      },
      body: 'hi',
    });
    const [event] = events;
    const host = new URL(front!.url).host;
    expect(event).toEqual({
      resource: '/pets/{petId}',
      path: '/pets/7',
      httpMethod: 'PUT',
      headers: {
        Host: host,
        'X-Many': 'two',
        'x-Lower': '1',
        'Content-Type': 'text/plain',
        'User-Agent': 'probe',
        'X-Amzn-Trace-Id': TRACE.split(';')[0],
        'X-Forwarded-For': '127.0.0.1',
        'X-Forwarded-Port': host.split(':')[1],
        'X-Forwarded-Proto': 'http',
      },
      multiValueHeaders: expect.objectContaining({
        'X-Many': ['one', 'two'],
        'x-Lower': ['1'],
        'X-Amzn-Trace-Id': [TRACE.split(';')[0]],
      }) as unknown,
      queryStringParameters: { size: 'l', q: 'ü', empty: '' },
      multiValueQueryStringParameters: { size: ['m', 'l'], q: ['ü'], empty: [''] },
      pathParameters: { petId: '7' },
      stageVariables: { table: 'pets' },
      requestContext: {
        resourceId: expect.stringMatching(/^[a-z0-9]{6}$/) as string,
        resourcePath: '/pets/{petId}',
        httpMethod: 'PUT',
        extendedRequestId: expect.stringMatching(/=$/) as string,
        requestTime: '23/Nov/2026:12:04:05 +0000',
        path: '/prod/pets/7',
        accountId: '123456789012',
        protocol: 'HTTP/1.1',
        stage: 'prod',
        domainPrefix: expect.any(String) as string,
        requestTimeEpoch: Date.UTC(2026, 10, 23, 12, 4, 5),
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        identity: expect.objectContaining({
          sourceIp: '127.0.0.1',
          userAgent: 'probe',
          user: null,
          accessKey: null,
        }) as unknown,
        domainName: host,
        deploymentId: expect.any(String) as string,
        apiId: 'shop000000',
      },
      body: 'hi',
      isBase64Encoded: false,
    });
  });

  // https://docs.aws.amazon.com/xray/latest/devguide/xray-services-apigateway.html
  it("hands on a caller's trace, and without one only a root of its own", async () => {
    const { events, send } = await bench();
    await send('/', { headers: { 'x-amzn-trace-id': 'Root=1-a-b;Parent=c;Sampled=1' } });
    expect(events[0]).toMatchObject({ headers: { 'X-Amzn-Trace-Id': 'Root=1-a-b;Parent=c;Sampled=1' } });
  });

  it('has names that objects have a meaning for', async () => {
    const { events, send } = await bench();
    await send('/?__proto__=a&constructor=b');
    expect(JSON.stringify(events[0]!['queryStringParameters'])).toBe('{"__proto__":"a","constructor":"b"}');
  });

  it('says null for what is not there [proxy]', async () => {
    const { events, send } = await bench();
    await send('/');
    expect(events[0]).toMatchObject({
      resource: '/',
      path: '/',
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: null,
      stageVariables: null,
      body: null,
      isBase64Encoded: false,
    });
  });

  it('has base64 for types that are configured as binary, and text for all others [binary]', async () => {
    const { events, send } = await bench({ binaryMediaTypes: ['image/png'] });
    await send('/pets', { headers: { 'Content-Type': 'image/png; q=1' }, body: Buffer.from([0, 255]) });
    await send('/pets', { headers: { 'Content-Type': 'application/octet-stream' }, body: 'plain' });
    expect(events[0]).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
    expect(events[1]).toMatchObject({ body: 'plain', isBase64Encoded: false });
  });
});

describe('the resource of a request', () => {
  it.each([
    ['GET', '/pets/mine', '/pets/mine', null],
    ['GET', '/pets/mine/', '/pets/mine', null],
    ['PATCH', '/pets/a%20b', '/pets/{petId}', { petId: 'a%20b' }],
    ['DELETE', '/files/a/b%2Fc', '/files/{proxy+}', { proxy: 'a/b%2Fc' }],
  ])('of %s %s is %3$s', async (method, path, resource, pathParameters) => {
    const { events, send } = await bench();
    await send(path, { method });
    expect(events[0]).toMatchObject({ resource, pathParameters });
  });

  it.each([
    ['a path that no resource has', 'GET', '/elsewhere'],
    ['a method that its resource has not', 'GET', '/pets'],
    ['a greedy part that is empty', 'GET', '/files/'],
  ])('is missing for %s: "Missing Authentication Token" [responses]', async (_, method, path) => {
    const { events, send } = await bench();
    const { status, body, headers } = await send(path, { method });
    expect([status, body]).toEqual([403, '{"message":"Missing Authentication Token"}']);
    expect(headers['x-amzn-errortype']).toBe('MissingAuthenticationTokenException');
    expect(events).toEqual([]);
  });

  it('is missing outside of the stage: "Forbidden"', async () => {
    await bench();
    const { status, body } = await sendHttp(`${new URL(front!.url).origin}/test/pets`);
    expect([status, body]).toEqual([403, '{"message":"Forbidden"}']);
  });
});

describe('the answer of a REST API', () => {
  it('merges headers and multiValueHeaders, the latter first, and equal pairs once [proxy]', async () => {
    const answer = {
      statusCode: 201,
      headers: { 'Content-Type': 'text/html', 'X-One': 'a', 'Set-Cookie': 'b=2' },
      multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'], 'X-Flag': [true] },
      body: '<p>',
    };
    const { send } = await bench({}, () => ok(answer));
    const { status, headers, body } = await send('/');
    expect([status, body]).toEqual([201, '<p>']);
    expect(headers).toMatchObject({
      'content-type': 'text/html',
      'x-one': 'a',
      'set-cookie': ['a=1', 'b=2'],
      'x-flag': 'true',
      'x-amzn-trace-id': TRACE,
    });
    expect(headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is JSON by default, and empty without a body [proxy]', async () => {
    const { send } = await bench({}, () => ok({ statusCode: 200, body: null }));
    const { headers, body } = await send('/');
    expect([headers['content-type'], body]).toEqual(['application/json', '']);
  });

  it('keeps what the gateway sets itself under another name [issues]', async () => {
    const answer = { statusCode: 401, headers: { 'WWW-Authenticate': 'Basic', Server: 'mine' } };
    const { send } = await bench({}, () => ok(answer));
    const { headers } = await send('/');
    expect(headers).toMatchObject({
      'x-amzn-remapped-www-authenticate': 'Basic',
      'x-amzn-remapped-server': 'mine',
    });
  });

  it('is decoded when its type is asked for and configured as binary [binary]', async () => {
    const answer = { statusCode: 200, body: 'AP8=', isBase64Encoded: true };
    const { send } = await bench({ binaryMediaTypes: ['image/png'] }, () => ok(answer));
    expect((await send('/', { headers: { accept: 'image/png,*/*' } })).bytes).toEqual(Buffer.from([0, 255]));
    expect((await send('/', { headers: { accept: 'text/html' } })).body).toBe('AP8=');
  });

  it.each<[string, unknown]>([
    ['is no object', 'hi'],
    ['is null', null],
    ['has a field that is not known', { statusCode: 200, cookies: [] }],
    ['has a status that is none', { statusCode: 'ok' }],
    ['has an object as body', { statusCode: 200, body: { a: 1 } }],
    ['has a list as headers', { statusCode: 200, headers: ['a'] }],
    ['has one value where a list must be', { statusCode: 200, multiValueHeaders: { a: 'b' } }],
    ['has an object as header', { statusCode: 200, headers: { a: {} } }],
    ['has a header that HTTP does not know', { statusCode: 200, headers: { 'a b': 'c' } }],
  ])('is a 502 when the result %s [proxy]', async (_, result) => {
    const { send } = await bench({}, () => ok(result));
    const { status, body } = await send('/');
    expect([status, body]).toEqual([502, '{"message":"Internal server error"}']);
  });

  it('is a 502 when the function fails', async () => {
    const { send } = await bench({}, () => ({
      status: 'error',
      errorType: 'Error',
      payload: Buffer.from('{}'),
    }));
    const { status, body } = await send('/');
    expect([status, body]).toEqual([502, '{"message":"Internal server error"}']);
  });

  // https://repost.aws/questions/QUfI6bsdd0SOiPeyimzxSkfQ: not the 429 that Lambda answers the gateway with.
  it('is a 500 when the function has no room', async () => {
    const { send } = await bench({}, () => ({ status: 'throttled', reason: 'TooMany' }));
    const { status, body, headers } = await send('/');
    expect([status, body]).toEqual([500, '{"message":"Internal server error"}']);
    expect(headers['x-amzn-errortype']).toBe('InternalServerErrorException');
  });

  it('is a 504 when the function takes longer than the integration may [responses]', async () => {
    const { send } = await bench({ integrationTimeoutMs: 50 }, () => new Promise(() => undefined));
    const { status, body } = await send('/');
    expect([status, body]).toEqual([504, '{"message":"Endpoint request timed out"}']);
  });

  it('is a 413 for more than 10 MB [quotas]', async () => {
    const { send } = await bench();
    const { status } = await send('/pets', { body: 'x'.repeat(10 * 1024 * 1024 + 1) });
    expect(status).toBe(413);
  });

  it('to HEAD has no body', async () => {
    const methods = [{ method: 'ANY /', function: 'f' }];
    const { send } = await bench({ methods }, () => ok({ statusCode: 200, body: 'text' }));
    const { body, headers } = await send('/', { method: 'HEAD' });
    expect([body, headers['content-length']]).toEqual(['', '4']);
  });
});

// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
describe('an authorizer', () => {
  const methods = [{ method: 'GET /pets/{id}', function: 'f', authorizer: { function: 'auth' } }];
  const policy = (Effect: string): unknown => ({
    principalId: 'me',
    policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect, Resource: '*' }] },
    context: { plan: 'gold' },
  });

  it('lets a request in, and the function sees what it said', async () => {
    const { events, send } = await bench({ methods }, () => ok(events.length === 1 ? policy('Allow') : {}));
    expect((await send('/pets/7', { headers: { Authorization: 'abc' } })).status).toBe(200);
    expect(events).toMatchObject([
      {
        type: 'TOKEN',
        authorizationToken: 'abc',
        methodArn: 'arn:aws:execute-api:eu-central-1:123456789012:shop000000/prod/GET/pets/7',
      },
      { requestContext: { authorizer: { principalId: 'me', plan: 'gold', integrationLatency: 0 } } },
    ]);
  });

  it.each<[number, object, unknown]>([
    [
      403,
      { Message: 'User is not authorized to access this resource with an explicit deny' },
      policy('Deny'),
    ],
    [500, { message: null }, 'text'],
  ])('keeps a request out with %i', async (status, document, answer) => {
    const { events, send } = await bench({ methods }, () => ok(answer));
    const reply = await send('/pets/7', { headers: { Authorization: 'abc' } });
    expect([reply.status, JSON.parse(reply.body)]).toEqual([status, document]);
    expect(events).toHaveLength(1);
  });

  it('is not asked about a request without a token', async () => {
    const { events, send } = await bench({ methods });
    const { status, body } = await send('/pets/7');
    expect([status, body, events]).toEqual([401, '{"message":"Unauthorized"}', []]);
  });
});

describe('CORS of a REST API', () => {
  const cors = {
    allowOrigin: 'https://shop.example',
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['traceparent'],
  };

  it('is a mock on resources without OPTIONS of their own [cors]', async () => {
    const { events, send } = await bench({ cors });
    const { status, headers } = await send('/pets', { method: 'OPTIONS' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'traceparent',
    });
    expect(events).toEqual([]);
  });

  it("is on the gateway's own errors, and not on what the function answers [cors]", async () => {
    const { send } = await bench({ cors });
    const missing = await send('/elsewhere');
    expect(missing.headers['access-control-allow-origin']).toBe('https://shop.example');
    expect((await send('/')).headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('a REST API that is configured wrongly', () => {
  it.each(['/pets', 'FETCH /pets', 'GET pets', '$default'])(
    'with the method "%s" is refused',
    async (method) => {
      await expect(bench({ methods: [{ method, function: 'f' }] })).rejects.toThrow(`method "${method}"`);
    },
  );

  it.each([
    [{ stage: 'a/b' }, 'stage "a/b"'],
    [{ integrationTimeoutMs: 49 }, 'integrationTimeoutMs is 49'],
  ])('with %j is refused', (change, message) => {
    expect(() => refuseRestFaults({ name: 'shop', methods: [], ...change })).toThrow(message);
  });
});
