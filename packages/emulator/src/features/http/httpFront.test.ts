import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from '../../../../../test/support/httpClient.ts';
import type { InvocationOutcome } from '../../platform/invocation.ts';
import { refuseHttpAuthorizerFaults } from './httpAuthorizer.ts';
import type { HttpAuthorizer } from './httpAuthorizer.ts';
import { startHttpFront } from './httpFront.ts';
import type { HttpFront } from './httpFront.ts';
import { createRouteMatcher } from './routes.ts';
import type { HttpRoute } from './routes.ts';

// Sources, in https://docs.aws.amazon.com/apigateway/latest/developerguide/
// [lambda] http-api-develop-integrations-lambda.html
// [authorizer] http-api-lambda-authorizer.html

const TRACE = 'Root=1-6b000000-000000000000000000000001;Parent=0000000000000001;Sampled=0';
const ROUTE_ARN = 'arn:aws:execute-api:eu-central-1:123456789012:shop000000/$default/POST/orders/7';

type Event = Readonly<Record<string, unknown>> & {
  readonly requestContext: Readonly<Record<string, unknown>>;
};
type Replies = Readonly<Record<string, InvocationOutcome>>;

const ok = (value: unknown): InvocationOutcome => ({
  status: 'ok',
  payload: Buffer.from(JSON.stringify(value)),
  contentType: 'application/json',
});
const failing = (errorMessage: string): InvocationOutcome => ({
  status: 'error',
  errorType: 'Error',
  payload: Buffer.from(JSON.stringify({ errorMessage })),
});

let front: HttpFront | undefined;
afterEach(async () => {
  await front?.stop();
  front = undefined;
});

interface Bench {
  /** The events of each function. */
  readonly events: Readonly<Record<string, Event[]>>;
  readonly advance: (ms: number) => void;
  readonly send: (headers?: Readonly<Record<string, string>>, path?: string) => ReturnType<typeof sendHttp>;
}

async function bench(route: Partial<HttpRoute>, replies: Replies = {}): Promise<Bench> {
  const events: Record<string, Event[]> = { orders: [], auth: [] };
  let nowUnixMs = 1_583_348_638_390;
  const running = await startHttpFront({
    kind: 'httpApi',
    apiId: 'shop000000',
    accountId: '123456789012',
    region: 'eu-central-1',
    port: 0,
    cors: undefined,
    match: createRouteMatcher([{ route: 'POST /orders/{id}', function: 'orders', ...route }]),
    invoke: async (name, { payload }) => {
      events[name]!.push(JSON.parse(payload.toString()) as Event);
      return replies[name] ?? ok({ statusCode: 200, body: 'done' });
    },
    toTraceId: () => TRACE,
    clock: () => nowUnixMs,
    integrationTimeoutMs: 5000,
  });
  front = running;
  return {
    events,
    advance: (ms) => {
      nowUnixMs += ms;
    },
    send: (headers = {}, path = '/orders/7?a=1&a=2&b=3') =>
      sendHttp(`${running.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"item":7}',
      }),
  };
}

describe('payload format 1.0', () => {
  it('tells the function of a request as AWS documents it [lambda]', async () => {
    const { events, send } = await bench({ payloadFormatVersion: '1.0' });
    await send({ 'X-Own': 'one', cookie: 'a=b' });
    const host = new URL(front!.url).host;
    expect(events['orders']).toEqual([
      {
        version: '1.0',
        resource: '/orders/{id}',
        path: '/orders/7',
        httpMethod: 'POST',
        headers: expect.objectContaining({ 'X-Own': 'one', 'X-Forwarded-Proto': 'http' }) as object,
        multiValueHeaders: expect.objectContaining({ 'X-Own': ['one'], cookie: ['a=b'] }) as object,
        queryStringParameters: { a: '2', b: '3' },
        multiValueQueryStringParameters: { a: ['1', '2'], b: ['3'] },
        requestContext: {
          accountId: '123456789012',
          apiId: 'shop000000',
          authorizer: { claims: null, scopes: null },
          domainName: host,
          domainPrefix: '127',
          extendedRequestId: expect.any(String) as string,
          httpMethod: 'POST',
          identity: {
            accessKey: null,
            accountId: null,
            caller: null,
            cognitoAuthenticationProvider: null,
            cognitoAuthenticationType: null,
            cognitoIdentityId: null,
            cognitoIdentityPoolId: null,
            principalOrgId: null,
            sourceIp: '127.0.0.1',
            user: null,
            userAgent: '',
            userArn: null,
          },
          path: '/orders/7',
          protocol: 'HTTP/1.1',
          requestId: expect.any(String) as string,
          requestTime: '04/Mar/2020:19:03:58 +0000',
          requestTimeEpoch: 1_583_348_638_390,
          resourceId: null,
          resourcePath: '/orders/{id}',
          stage: '$default',
        },
        pathParameters: { id: '7' },
        stageVariables: null,
        body: '{"item":7}',
        isBase64Encoded: false,
      },
    ]);
  });

  it('takes an answer with headers of several values, and of both fields [lambda]', async () => {
    const { send } = await bench(
      { payloadFormatVersion: '1.0' },
      {
        orders: ok({
          statusCode: 201,
          headers: { 'X-One': '1', 'Content-Type': 'text/html' },
          multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'], 'x-one': ['1', '2'] },
          body: 'aGk=',
          isBase64Encoded: true,
        }),
      },
    );
    const answer = await send();
    expect([answer.status, answer.body]).toEqual([201, 'hi']);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html',
      'set-cookie': ['a=1', 'b=2'],
      'x-one': '1, 2',
    });
  });

  it.each([[{ body: 'no status' }], ['text'], [{ statusCode: 200, multiValueHeaders: { a: 'b' } }]])(
    'infers nothing: %j is an error [lambda]',
    async (value) => {
      const { send } = await bench({ payloadFormatVersion: '1.0' }, { orders: ok(value) });
      const answer = await send();
      expect([answer.status, answer.body]).toEqual([500, '{"message":"Internal Server Error"}']);
    },
  );
});

describe('an authorizer of an HTTP API', () => {
  const policy = (Effect: string, Resource = ROUTE_ARN): object => ({
    principalId: 'me',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }],
    },
    context: { tenant: 't1', level: 2, roles: ['a'] },
  });
  const with2 = (change: Partial<HttpAuthorizer> = {}): HttpAuthorizer => ({
    function: 'auth',
    identitySources: ['$request.header.Authorization', '$request.querystring.b'],
    ...change,
  });

  it('gets the request without its body, its identity sources and the route in format 2.0 [authorizer]', async () => {
    const { events, send } = await bench(
      { authorizer: with2({ simpleResponses: true }) },
      { auth: ok({ isAuthorized: true, context: { tenant: 't1', roles: ['a'] } }) },
    );
    expect((await send({ authorization: 'user1' })).status).toBe(200);
    expect(events['auth']).toMatchObject([
      {
        version: '2.0',
        type: 'REQUEST',
        routeArn: ROUTE_ARN,
        identitySource: ['user1', '3'],
        routeKey: 'POST /orders/{id}',
        rawPath: '/orders/7',
        rawQueryString: 'a=1&a=2&b=3',
        queryStringParameters: { a: '1,2', b: '3' },
        requestContext: { http: { method: 'POST' }, stage: '$default' },
        pathParameters: { id: '7' },
      },
    ]);
    expect(events['auth']![0]).not.toHaveProperty('body');
    // Its function sees the context as it was given.
    expect(events['orders']![0]!.requestContext['authorizer']).toEqual({
      lambda: { tenant: 't1', roles: ['a'] },
    });
  });

  it('gets format 1.0 where that is configured, and so does the function [authorizer]', async () => {
    const { events, send } = await bench(
      { payloadFormatVersion: '1.0', authorizer: with2({ payloadFormatVersion: '1.0' }) },
      { auth: ok(policy('Allow')) },
    );
    expect((await send({ authorization: 'user1' })).status).toBe(200);
    expect(events['auth']).toMatchObject([
      {
        version: '1.0',
        type: 'REQUEST',
        methodArn: ROUTE_ARN,
        identitySource: 'user1,3',
        authorizationToken: 'user1,3',
        resource: '/orders/{id}',
        httpMethod: 'POST',
      },
    ]);
    expect(events['orders']![0]!.requestContext['authorizer']).toEqual({
      tenant: 't1',
      level: 2,
      roles: ['a'],
      principalId: 'me',
    });
  });

  it.each<[string, number, string, Partial<HttpAuthorizer>, InvocationOutcome]>([
    ['says no', 403, 'Forbidden', { simpleResponses: true }, ok({ isAuthorized: false })],
    ['denies by policy', 403, 'Forbidden', {}, ok(policy('Deny'))],
    ['allows another route', 403, 'Forbidden', {}, ok(policy('Allow', `${ROUTE_ARN}/more`))],
    ['throws "Unauthorized"', 401, 'Unauthorized', {}, failing('Unauthorized')],
    ['throws', 500, 'Internal Server Error', {}, failing('boom')],
    [
      'answers with a policy where a yes is wanted',
      500,
      'Internal Server Error',
      { simpleResponses: true },
      ok(policy('Allow')),
    ],
    ['answers with nothing', 500, 'Internal Server Error', {}, ok(null)],
  ])('that %s makes it a %i [authorizer]', async (_, status, message, change, reply) => {
    const { events, send } = await bench({ authorizer: with2(change) }, { auth: reply });
    const answer = await send({ authorization: 'user1' });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { message }]);
    expect(events['orders']).toEqual([]);
  });

  it('is not asked where an identity source is missing: 401 [authorizer]', async () => {
    const { events, send } = await bench({ authorizer: with2() }, { auth: ok(policy('Allow')) });
    expect((await send()).status).toBe(401);
    expect((await send({ authorization: 'user1' }, '/orders/7')).status).toBe(401);
    expect(events['auth']).toEqual([]);
  });

  it('is asked each time, unless a time to live keeps its decision for the same identity [authorizer]', async () => {
    const each = await bench({ authorizer: with2() }, { auth: ok(policy('Allow')) });
    await each.send({ authorization: 'user1' });
    await each.send({ authorization: 'user1' });
    expect(each.events['auth']).toHaveLength(2);
    await front?.stop();
    const kept = await bench({ authorizer: with2({ resultTtlMs: 1000 }) }, { auth: ok(policy('Allow')) });
    await kept.send({ authorization: 'user1' });
    await kept.send({ authorization: 'user1' });
    await kept.send({ authorization: 'user2' });
    expect(kept.events['auth']).toHaveLength(2);
    kept.advance(1001);
    await kept.send({ authorization: 'user1' });
    expect(kept.events['auth']).toHaveLength(3);
  });

  it.each<[Partial<HttpAuthorizer>, string]>([
    [
      { simpleResponses: true, payloadFormatVersion: '1.0' },
      'simpleResponses needs payloadFormatVersion 2.0',
    ],
    [{ identitySources: ['$context.path'] }, 'identity source "$context.path" must be'],
    [{ identitySources: [], resultTtlMs: 1 }, 'resultTtlMs must be 0'],
    [{ resultTtlMs: 3_600_001 }, 'resultTtlMs is 3600001'],
    [{ payloadFormatVersion: '3.0' as never }, 'payloadFormatVersion "3.0" must be 1.0 or 2.0'],
  ])('with %j is refused', (change, message) => {
    expect(() => refuseHttpAuthorizerFaults('HTTP API shop', with2(change))).toThrow(message);
  });
});

// http-api-jwt-authorizer.html; that tokens are read rightly is tested with the authorizer.
it('a JWT authorizer keeps out who has no token', async () => {
  const authorizer = { issuer: 'https://issuer.example', audience: ['shop'] };
  const { events, send } = await bench({ authorizer });
  const answer = await send();
  expect([answer.status, answer.body]).toEqual([401, '{"message":"Unauthorized"}']);
  expect(events['orders']).toEqual([]);
});
