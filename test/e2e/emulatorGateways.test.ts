import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendHttp } from '../support/httpClient.ts';
import { startStage } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';

// Sources, in https://docs.aws.amazon.com/apigateway/latest/developerguide/ where nothing else is said:
// [proxy] set-up-lambda-proxy-integrations.html
// [responses] supported-gateway-response-types.html
// [authorizer] apigateway-use-lambda-authorizer.html
// [alb] https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html

/** Answers with its event, or as the event's body tells it to. */
const FUNCTION = `
  export const handler = async (event) => {
    const order = event.body?.startsWith('{') ? JSON.parse(event.body) : {};
    if (order.throw) throw new Error('boom');
    if (order.hang) await new Promise((resolve) => setTimeout(resolve, 600_000));
    if ('answer' in order) return order.answer;
    const body = JSON.stringify(event);
    return event.multiValueHeaders && !event.headers
      ? { statusCode: 200, statusDescription: '200 OK', multiValueHeaders: { 'content-type': ['application/json'] }, body }
      : { statusCode: 200, headers: { 'Content-Type': 'application/json' }, body };
  };
`;

const AUTHORIZER = `
  export const handler = async ({ authorizationToken, methodArn }) => {
    if (authorizationToken === 'unknown') throw new Error('Unauthorized');
    const Effect = authorizationToken === 'good' ? 'Allow' : 'Deny';
    const Statement = [{ Action: 'execute-api:Invoke', Effect, Resource: methodArn }];
    return { principalId: 'me', policyDocument: { Version: '2012-10-17', Statement } };
  };
`;

let stage: Stage;
beforeAll(async () => {
  const functions = [
    { name: 'f', source: FUNCTION, timeoutMs: 5000 },
    { name: 'auth', source: AUTHORIZER },
  ];
  stage = await startStage(functions, {
    restApis: [
      {
        name: 'shop',
        methods: [
          { method: 'ANY /orders/{id}', function: 'f' },
          { method: 'GET /mine', function: 'f', authorizer: { function: 'auth' } },
        ],
        cors: { allowOrigin: '*' },
        integrationTimeoutMs: 2000,
      },
    ],
    loadBalancers: [
      { name: 'single', function: 'f' },
      { name: 'multi', function: 'f', multiValueHeaders: true },
    ],
  });
});
afterAll(() => stage.stop());

describe('a REST API', () => {
  const order = (document: unknown) =>
    sendHttp(`${stage.emulator.restApiUrls['shop']}/orders/7`, { body: JSON.stringify(document) });

  it('hands a request to its function and the answer back [proxy]', async () => {
    const { status, body } = await sendHttp(`${stage.emulator.restApiUrls['shop']}/orders/7?a=1`);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      resource: '/orders/{id}',
      path: '/orders/7',
      httpMethod: 'GET',
      pathParameters: { id: '7' },
      requestContext: { stage: 'prod', path: '/prod/orders/7' },
      multiValueQueryStringParameters: { a: ['1'] },
    });
  });

  it('passes on what the function answers with [proxy]', async () => {
    const answer = { statusCode: 404, multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] }, body: 'none' };
    const { status, headers, body } = await order({ answer });
    expect([status, headers['set-cookie'], body]).toEqual([404, ['a=1', 'b=2'], 'none']);
  });

  it.each<[number, string, object]>([
    [502, 'Internal server error', { throw: true }],
    [502, 'Internal server error', { answer: 'text' }],
    [504, 'Endpoint request timed out', { hang: true }],
  ])('answers %i "%s" to %j, readable by any page [responses]', async (status, message, document) => {
    const answer = await order(document);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { message }]);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });

  it.each([
    ['good', 200],
    ['bad', 403],
    ['unknown', 401],
  ])('lets its authorizer decide on the token "%s": %i [authorizer]', async (token, expected) => {
    const url = `${stage.emulator.restApiUrls['shop']}/mine`;
    const { status, body } = await sendHttp(url, { headers: { Authorization: token } });
    expect(status).toBe(expected);
    if (expected === 200)
      expect(JSON.parse(body)).toMatchObject({ requestContext: { authorizer: { principalId: 'me' } } });
  });

  it('is refused with a function that does not exist', async () => {
    await expect(
      startStage([{ name: 'f', source: FUNCTION }], {
        restApis: [{ name: 'shop', methods: [{ method: 'GET /', function: 'g' }] }],
      }),
    ).rejects.toThrow('no function g');
  });
});

describe('a load balancer', () => {
  it.each(['single', 'multi'])(
    'hands a request to its function and the answer back, in %s mode',
    async (name) => {
      const { status, body } = await sendHttp(`${stage.emulator.loadBalancerUrls[name]}/orders?q=%C3%BC`, {
        headers: { 'X-Many': ['one', 'two'] },
      });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject(
        name === 'single'
          ? { headers: { 'x-many': 'two' }, queryStringParameters: { q: '%C3%BC' } }
          : {
              multiValueHeaders: { 'x-many': ['one', 'two'] },
              multiValueQueryStringParameters: { q: ['%C3%BC'] },
            },
      );
    },
  );

  it('answers with its own page when the function throws [alb]', async () => {
    const url = stage.emulator.loadBalancerUrls['single']!;
    const { status, headers, body } = await sendHttp(url, {
      headers: { 'content-type': 'application/json' },
      body: '{"throw":true}',
    });
    expect([status, headers['content-type']]).toEqual([502, 'text/html']);
    expect(body).toContain('<h1>502 Bad Gateway</h1>');
  });
});
