import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { sendHttp } from '../../../../../test/support/httpClient.ts';
import type { InvocationOutcome } from '../../platform/invocation.ts';
import { selectRoute } from './selectRoute.ts';
import { refuseWebSocketFaults } from './webSocketApiConfig.ts';
import type { WebSocketApiConfig } from './webSocketApiConfig.ts';
import { startWebSocketFront } from './webSocketFront.ts';
import type { WebSocketFront } from './webSocketFront.ts';

// Sources, in https://docs.aws.amazon.com/apigateway/latest/developerguide/
// [routes] apigateway-websocket-api-develop-routes.html
// [connect] apigateway-websocket-api-route-keys-connect-disconnect.html
// [connections] apigateway-how-to-call-websocket-api-connections.html
// [auth] apigateway-websocket-api-lambda-auth.html
// [quotas] apigateway-execution-service-websocket-limits-table.html

interface Received {
  readonly functionName: string;
  readonly event: {
    readonly requestContext: Record<string, unknown>;
    readonly [name: string]: unknown;
  };
}

const TRACE = 'Root=1-6b000000-000000000000000000000001;Parent=0000000000000001;Sampled=0';
const ROUTES = ['$connect', '$default', '$disconnect', 'order'].map((route) => ({ route, function: route }));

let front: WebSocketFront | undefined;
const clients: WebSocket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await front?.stop();
  front = undefined;
});

type Reply = (received: Received) => InvocationOutcome | Promise<InvocationOutcome>;

async function bench(
  change: Partial<WebSocketApiConfig> = {},
  reply: Reply = () => returns({ statusCode: 200 }),
): Promise<Received[]> {
  const received: Received[] = [];
  front = await startWebSocketFront({
    config: { name: 'chat', routes: ROUTES, ...change },
    apiId: 'chat000000',
    accountId: '123456789012',
    region: 'eu-central-1',
    clock: () => Date.now(),
    toTraceId: (incoming) => incoming ?? TRACE,
    invoke: async (functionName, { payload }) => {
      const one = { functionName, event: JSON.parse(payload.toString()) as Received['event'] };
      received.push(one);
      return reply(one);
    },
  });
  return received;
}

const returns = (value: unknown): InvocationOutcome => ({
  status: 'ok',
  payload: Buffer.from(JSON.stringify(value)),
  contentType: 'application/json',
});

/** Opens a connection, or tells the status with which it was refused. */
function open(path = '', options: ClientOptions = {}, protocols: string[] = []): Promise<WebSocket | number> {
  const client = new WebSocket(`${front!.url}${path}`, protocols, options);
  clients.push(client);
  return new Promise((resolve, reject) => {
    client.on('open', () => resolve(client));
    client.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    client.on('error', reject);
  });
}

async function opened(...args: Parameters<typeof open>): Promise<WebSocket> {
  const client = await open(...args);
  if (typeof client === 'number') throw new Error(`refused with ${client}`);
  return client;
}

function nextMessage(client: WebSocket): Promise<string> {
  return new Promise((resolve) => client.once('message', (data) => resolve((data as Buffer).toString())));
}

function closed(client: WebSocket): Promise<[number, string]> {
  return new Promise((resolve) => client.on('close', (code, reason) => resolve([code, reason.toString()])));
}

const idOf = ({ event }: Received): string => String(event.requestContext['connectionId']);

describe('$connect', () => {
  it('gets headers and query before the connection is there [connect]', async () => {
    const received = await bench({ stageVariables: { a: 'b' } });
    await opened('?token=x&token=y', { headers: { 'X-Many': '1', 'User-Agent': 'probe' } });
    expect(received).toMatchObject([
      {
        functionName: '$connect',
        event: {
          headers: { 'X-Many': '1', 'X-Amzn-Trace-Id': TRACE.split(';')[0], 'X-Forwarded-For': '127.0.0.1' },
          multiValueHeaders: { 'X-Many': ['1'] },
          queryStringParameters: { token: 'y' },
          multiValueQueryStringParameters: { token: ['x', 'y'] },
          stageVariables: { a: 'b' },
          requestContext: {
            routeKey: '$connect',
            eventType: 'CONNECT',
            messageDirection: 'IN',
            stage: 'prod',
            connectionId: expect.stringMatching(/^[\w-]{15}=$/) as string,
            identity: { sourceIp: '127.0.0.1', userAgent: 'probe' },
            apiId: 'chat000000',
          },
          isBase64Encoded: false,
        },
      },
    ]);
    expect(received[0]!.event).not.toHaveProperty('body');
  });

  it.each<[number, InvocationOutcome]>([
    [401, returns({ statusCode: 401 })],
    [403, returns({ statusCode: 403, body: 'no' })],
    [502, { status: 'error', errorType: 'Error', payload: Buffer.from('{}') }],
    [502, returns('text')],
    [502, returns(null)],
    [502, returns({ statusCode: 'many' })],
  ])('decides by its status: %i [connect]', async (status, reply) => {
    const received = await bench({}, () => reply);
    expect(await open()).toBe(status);
    expect(received.map(({ functionName }) => functionName)).toEqual(['$connect']);
  });

  it('is not needed [connect]', async () => {
    await bench({ routes: [] });
    await opened();
  });

  it('chooses the subprotocol [connect]', async () => {
    await bench({}, () => returns({ statusCode: 200, headers: { 'sec-websocket-protocol': 'two' } }));
    expect((await opened('', {}, ['one', 'two'])).protocol).toBe('two');
  });

  it('is not asked for a path that is not the stage', async () => {
    const received = await bench();
    expect([await open('/else'), received]).toEqual([403, []]);
  });
});

describe('a message', () => {
  it.each([
    ['{"action":"order","id":7}', 'order'],
    ['{"action":"unknown"}', '$default'],
    ['{"action":"$connect"}', '$default'],
    ['no JSON', '$default'],
  ])('%s goes to %s [routes]', async (text, routeKey) => {
    const received = await bench();
    (await opened()).send(text);
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received[1]).toMatchObject({
      functionName: routeKey,
      event: {
        requestContext: {
          routeKey,
          eventType: 'MESSAGE',
          messageId: expect.any(String) as string,
          connectionId: idOf(received[0]!),
        },
        body: text,
        isBase64Encoded: false,
      },
    });
    expect(received[1]!.event).not.toHaveProperty('headers');
  });

  it('is answered with what the function returns only where the route has a response [routes]', async () => {
    const routes = [
      { route: 'ask', function: 'f', routeResponse: true },
      { route: 'tell', function: 'f' },
    ];
    await bench({ routes }, ({ event }) =>
      returns({ statusCode: 200, body: String(event.requestContext['routeKey']) }),
    );
    const client = await opened();
    client.send('{"action":"tell"}');
    client.send('{"action":"ask"}');
    expect(await nextMessage(client)).toBe('ask');
  });

  it.each([
    ['Forbidden', { routes: [] }],
    ['Internal server error', {}],
  ])('is answered with "%s" when there is no route or the function fails', async (message, change) => {
    await bench(change, ({ functionName }) =>
      functionName === '$connect'
        ? returns({})
        : { status: 'error', errorType: 'Error', payload: Buffer.from('{}') },
    );
    const client = await opened();
    client.send('hi');
    expect(JSON.parse(await nextMessage(client))).toMatchObject({
      message,
      connectionId: expect.any(String) as string,
      requestId: expect.any(String) as string,
    });
  });

  // Seen on AWS: middy's ws-response sent such objects, and its callers got this answer beside their own.
  it('is answered with "Internal server error" when the result has other fields than a proxy may return', async () => {
    await bench({}, ({ functionName }) =>
      returns(functionName === '$connect' ? {} : { statusCode: 200, Data: 'x' }),
    );
    const client = await opened();
    client.send('hi');
    expect(JSON.parse(await nextMessage(client))).toMatchObject({ message: 'Internal server error' });
  });

  it('of more than 128 KB ends the connection with 1009 [quotas]', async () => {
    await bench();
    const client = await opened();
    const end = closed(client);
    client.send('x'.repeat(128 * 1024 + 1));
    expect((await end)[0]).toBe(1009);
  });
});

describe('$disconnect', () => {
  it('gets how the connection ended [connect]', async () => {
    const received = await bench();
    (await opened()).close(4001, 'done');
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received[1]).toMatchObject({
      functionName: '$disconnect',
      event: {
        requestContext: {
          eventType: 'DISCONNECT',
          connectionId: idOf(received[0]!),
          disconnectStatusCode: 4001,
          disconnectReason: 'done',
        },
      },
    });
  });

  it('is told when the caller said nothing [connect]', async () => {
    const received = await bench();
    (await opened()).close();
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received[1]!.event.requestContext).toMatchObject({
      disconnectStatusCode: 1005,
      disconnectReason: 'Client-side close frame status not set',
    });
  });

  it.each([{ idleTimeoutMs: 50 }, { maxConnectionMs: 50 }])('follows on %j [quotas]', async (change) => {
    const received = await bench(change);
    expect(await closed(await opened())).toEqual([1001, 'Going away']);
    await vi.waitFor(() => expect(received.at(-1)!.functionName).toBe('$disconnect'));
  });
});

describe('the management API', () => {
  const at = (id: string): string => `${front!.connectionsUrl}/@connections/${encodeURIComponent(id)}`;

  it('sends, describes and ends a connection, and knows it no more [connections]', async () => {
    const received = await bench();
    const client = await opened('', { headers: { 'user-agent': 'probe' } });
    const id = idOf(received[0]!);
    const message = nextMessage(client);
    expect((await sendHttp(at(id), { body: 'news ✓' })).status).toBe(200);
    expect(await message).toBe('news ✓');
    const { body } = await sendHttp(at(id));
    expect(JSON.parse(body)).toEqual({
      connectedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      lastActiveAt: expect.stringMatching(/Z$/) as string,
      identity: { sourceIp: '127.0.0.1', userAgent: 'probe' },
    });
    const end = closed(client);
    expect((await sendHttp(at(id), { method: 'DELETE' })).status).toBe(204);
    expect((await end)[0]).toBe(1000);
    await vi.waitFor(async () => {
      const gone = await sendHttp(at(id), { body: 'x' });
      expect([gone.status, gone.headers['x-amzn-errortype']]).toEqual([410, 'GoneException']);
    });
  });

  it('does not know a connection before $connect has been answered [connections]', async () => {
    const statuses: number[] = [];
    await bench({}, async (one) => {
      if (one.functionName === '$connect')
        statuses.push((await sendHttp(at(idOf(one)), { body: 'x' })).status);
      return returns({});
    });
    await opened();
    expect(statuses).toEqual([410]);
  });

  it('takes no more than 128 KB, and nothing from a web page', async () => {
    const received = await bench();
    await opened();
    const url = at(idOf(received[0]!));
    expect((await sendHttp(url, { body: 'x'.repeat(128 * 1024 + 1) })).status).toBe(413);
    expect((await sendHttp(url, { headers: { origin: 'https://evil.example' }, body: 'x' })).status).toBe(
      403,
    );
  });
});

it.each([
  ['$request.body.action', '{"action":"a"}', 'a'],
  ['$request.body.message.kind', '{"message":{"kind":"a"}}', 'a'],
  ['$request.body.action', '{"action":{"a":1}}', undefined],
  ['$request.body.action', '[]', undefined],
])('the route by %s of %s is %s [routes]', (expression, body, expected) => {
  expect(selectRoute(expression, new Set(['a']), body)).toBe(expected);
});

describe('an authorizer of $connect', () => {
  const authorizer = {
    function: 'auth',
    identitySources: ['route.request.header.Auth', 'route.request.querystring.q'],
  };
  const routes = ROUTES.map((one) => (one.route === '$connect' ? { ...one, authorizer } : one));
  const policy = (Effect: string): InvocationOutcome =>
    returns({
      principalId: 'me',
      policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect, Resource: '*/prod/$connect' }] },
      context: { tenant: 't1', level: 2 },
    });
  const admits =
    (reply: InvocationOutcome): Reply =>
    ({ functionName }) =>
      functionName === 'auth' ? reply : returns({ statusCode: 200 });
  const asked = ['?q=7', { headers: { Auth: 'abc' } }] as const;

  it('gets the handshake, and every event of the connection says what it answered [auth]', async () => {
    const received = await bench({ routes }, admits(policy('Allow')));
    const client = await opened(...asked);
    client.send('hello');
    await vi.waitFor(() => expect(received).toHaveLength(3));
    expect(received[0]).toMatchObject({
      functionName: 'auth',
      event: {
        type: 'REQUEST',
        methodArn: 'arn:aws:execute-api:eu-central-1:123456789012:chat000000/prod/$connect',
        headers: { Auth: 'abc' },
        queryStringParameters: { q: '7' },
        requestContext: { routeKey: '$connect', eventType: 'CONNECT' },
      },
    });
    expect(received.slice(1).map(({ event }) => event.requestContext['authorizer'])).toEqual(
      Array.from({ length: 2 }, () => ({
        tenant: 't1',
        level: '2',
        principalId: 'me',
        integrationLatency: 0,
      })),
    );
  });

  it.each<[number, InvocationOutcome]>([
    [403, policy('Deny')],
    [401, { status: 'error', errorType: 'Error', payload: Buffer.from('{"errorMessage":"Unauthorized"}') }],
    [500, { status: 'error', errorType: 'Error', payload: Buffer.from('{"errorMessage":"boom"}') }],
    [500, returns('yes')],
  ])('keeps others out: %i [auth]', async (status, reply) => {
    const received = await bench({ routes }, admits(reply));
    expect(await open(...asked)).toBe(status);
    expect(received.map(({ functionName }) => functionName)).toEqual(['auth']);
  });

  it('is not asked where an identity source is missing [auth]', async () => {
    const received = await bench({ routes }, admits(policy('Allow')));
    expect([await open('?q=7'), await open('', asked[1]), received]).toEqual([401, 401, []]);
  });
});

it.each([
  [
    { routes: [{ route: 'a', function: 'f', authorizer: { function: 'auth' } }] },
    'only $connect can have an authorizer',
  ],
  [
    {
      routes: [
        { route: '$connect', function: 'f', authorizer: { function: 'auth', identitySources: ['Auth'] } },
      ],
    },
    'identity source "Auth" must be route.request.header.NAME',
  ],
  [{ stage: 'a/b' }, 'stage "a/b"'],
  [{ routeSelectionExpression: '$request.header.x' }, 'routeSelectionExpression'],
  [{ routes: [...ROUTES, { route: 'order', function: 'f' }] }, 'route order is configured twice'],
  [{ integrationTimeoutMs: 29_001 }, 'integrationTimeoutMs is 29001'],
])('a WebSocket API with %j is refused', (change, message) => {
  expect(() => refuseWebSocketFaults({ name: 'chat', routes: ROUTES, ...change })).toThrow(message);
});
