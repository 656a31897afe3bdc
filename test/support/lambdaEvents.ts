import { readFileSync } from 'node:fs';

/** The trace that every sender in the recorded events belongs to. */
export const EVENT_TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
/** The span that sent. */
export const EVENT_SPAN_ID = 'b7ad6b7169203331';
/** Another sender, where there are two. */
export const OTHER_TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

/** An event as AWS documents it, with made-up values, and what an invocation's span must say of it. */
export interface RecordedEvent {
  /** The file in `lambdaEvents`; each names the page that documents its shape. */
  readonly name: string;
  readonly event: unknown;
  readonly clientContext: unknown;
  readonly expected: ExpectedSpan;
}

/** What is expected of a span; attributes that are not named may be there, those with `undefined` may not. */
export interface ExpectedSpan {
  /** `undefined` for the function's name. */
  readonly name: string | undefined;
  readonly kind: 'server' | 'consumer';
  /** Whether it continues the sender's trace. */
  readonly continues: boolean;
  /** The traces that it is linked to. */
  readonly links: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

const server = (
  name: string | undefined,
  attributes: ExpectedSpan['attributes'],
  continues = true,
): ExpectedSpan => ({ name, kind: 'server', continues, links: [], attributes });
const consumer = (
  name: string,
  attributes: ExpectedSpan['attributes'],
  links: readonly string[] = [],
): ExpectedSpan => ({
  name,
  kind: 'consumer',
  continues: links.length === 0,
  links,
  attributes: {
    'faas.trigger': 'pubsub',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    ...attributes,
  },
});

const PET = {
  'faas.trigger': 'http',
  'http.request.method': 'GET',
  'http.route': '/pets/{petId}',
  'url.path': '/pets/7',
  'url.scheme': 'https',
  'client.address': '192.0.2.10',
  'user_agent.original': 'Mozilla/5.0 (test)',
  'network.protocol.version': '1.1',
};
const REST_HOST = 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com';
const ORDERS = { 'messaging.system': 'aws_sqs', 'messaging.destination.name': 'orders' };
const FIRST_MESSAGE = {
  ...ORDERS,
  'clickspan.trigger': 'sqs',
  'messaging.batch.message_count': 1,
  'messaging.message.id': '059f36b4-87a3-44ab-83d2-661975520001',
};
const other = (trigger: string, operation?: string): ExpectedSpan['attributes'] => ({
  'faas.trigger': 'other',
  'clickspan.trigger': trigger,
  'clickspan.trigger.operation': operation,
});

const EXPECTED: Readonly<Record<string, ExpectedSpan>> = {
  apiGatewayRest: server('GET /pets/{petId}', {
    ...PET,
    'clickspan.trigger': 'api-gateway-rest',
    'url.path': '/prod/pets/7',
    'url.query': 'size=small%20one&size=large&X-Amz-Signature=REDACTED',
    'server.address': REST_HOST,
  }),
  apiGatewayHttpFormat1: server('GET /pets/{petId}', {
    ...PET,
    'clickspan.trigger': 'api-gateway-http',
    'server.address': REST_HOST,
  }),
  apiGatewayHttp: server('GET /pets/{petId}', {
    ...PET,
    'clickspan.trigger': 'api-gateway-http',
    'url.query': 'size=small&size=large',
    'server.address': 'api.example.com',
  }),
  functionUrl: server('GET', {
    ...PET,
    'clickspan.trigger': 'function-url',
    'http.route': undefined,
    'server.address': 'abcdefg.lambda-url.eu-west-1.on.aws',
  }),
  webSocketConnect: server('$connect', {
    'faas.trigger': 'http',
    'clickspan.trigger': 'api-gateway-websocket',
    'clickspan.trigger.operation': '$connect',
    'http.request.method': 'GET',
    'http.route': undefined,
    'server.address': 'ws12345678.execute-api.eu-west-1.amazonaws.com',
    'client.address': '192.0.2.10',
    'user_agent.original': 'test-client/1',
  }),
  webSocketMessage: server('sendMessage', other('api-gateway-websocket', 'sendMessage'), false),
  webSocketDisconnect: server('$disconnect', other('api-gateway-websocket', '$disconnect'), false),
  alb: server('GET', {
    'faas.trigger': 'http',
    'clickspan.trigger': 'alb',
    'http.request.method': 'GET',
    'http.route': undefined,
    'url.path': '/pets/7',
    'url.query': 'name=M%C3%BCller&sig=REDACTED',
    'url.scheme': 'http',
    'server.address': 'lambda-alb-123578498.eu-west-1.elb.amazonaws.com',
    'client.address': '192.0.2.10',
    'user_agent.original': 'Mozilla/5.0 (test)',
  }),
  albMultiValue: server('GET', {
    'clickspan.trigger': 'alb',
    'url.query': 'size=small&size=large',
    'url.scheme': 'http',
    'client.address': '192.0.2.10',
  }),
  appSync: server('Query.getPet', {
    'faas.trigger': 'http',
    'clickspan.trigger': 'appsync',
    'clickspan.trigger.operation': 'Query.getPet',
    'graphql.operation.type': 'query',
    'server.address': 'example123.appsync-api.eu-west-1.amazonaws.com',
    'user_agent.original': 'Mozilla/5.0 (test)',
    'http.request.method': undefined,
  }),
  appSyncBatch: server('Pet.owner', { 'clickspan.trigger': 'appsync', 'graphql.operation.type': undefined }),
  authorizerToken: server(undefined, other('api-gateway-authorizer'), false),
  authorizerRest: server(undefined, other('api-gateway-authorizer')),
  authorizerHttp: server(undefined, other('api-gateway-authorizer')),
  authorizerAppSync: server(undefined, other('appsync-authorizer')),
  sqs: consumer('process orders', FIRST_MESSAGE),
  sqsBatch: consumer(
    'process orders',
    { ...ORDERS, 'messaging.batch.message_count': 3, 'messaging.message.id': undefined },
    [EVENT_TRACE_ID, OTHER_TRACE_ID],
  ),
  sqsSnsEnvelope: consumer('process orders', FIRST_MESSAGE),
  sqsSnsRaw: consumer('process orders', FIRST_MESSAGE),
  sqsEventBridge: consumer('process orders', FIRST_MESSAGE),
  pipeSqs: consumer('process orders', FIRST_MESSAGE),
  sns: consumer('process placed', {
    'clickspan.trigger': 'sns',
    'messaging.system': 'aws.sns',
    'messaging.destination.name': 'placed',
    'messaging.message.id': 'dc1e94d9-56c5-5e96-808d-cc7f68faa162',
  }),
  eventBridge: consumer('process OrderPlaced', {
    'clickspan.trigger': 'eventbridge',
    'clickspan.trigger.operation': 'OrderPlaced',
    'messaging.system': 'aws.eventbridge',
    'messaging.message.id': '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  }),
  eventBridgeSchedule: server(
    undefined,
    {
      'faas.trigger': 'timer',
      'faas.time': '2026-11-10T00:00:00Z',
      'clickspan.trigger': 'eventbridge',
      'clickspan.trigger.operation': 'nightly',
    },
    false,
  ),
  scheduler: server(
    undefined,
    {
      'faas.trigger': 'timer',
      'faas.time': '2026-11-10T00:00:00Z',
      'clickspan.trigger': 'eventbridge-scheduler',
      'clickspan.trigger.operation': 'hourly',
    },
    false,
  ),
  s3Put: server(
    undefined,
    {
      'faas.trigger': 'datasource',
      'clickspan.trigger': 's3',
      'clickspan.trigger.operation': 'ObjectCreated:Put',
      'faas.document.collection': 'uploads',
      'faas.document.operation': 'insert',
      'faas.document.name': 'in/red flower/1.jpg',
      'faas.document.time': '2026-11-10T00:00:00.123Z',
    },
    false,
  ),
  s3Delete: server(
    undefined,
    { 'faas.trigger': 'datasource', 'faas.document.operation': 'delete', 'faas.document.name': 'in/old.jpg' },
    false,
  ),
  dynamoDb: server(undefined, {
    'faas.trigger': 'datasource',
    'clickspan.trigger': 'dynamodb',
    'clickspan.trigger.operation': 'INSERT',
    'faas.document.collection': 'pets',
    'faas.document.operation': 'insert',
    'faas.document.time': '2026-11-10T00:00:00.000Z',
  }),
  // An insertion and a change that wrote a context of its own; a change that left the item's as it was, and a removal.
  dynamoDbBatch: {
    ...server(
      undefined,
      {
        'faas.document.collection': 'pets',
        'faas.document.operation': undefined,
        'faas.document.time': undefined,
      },
      false,
    ),
    links: [EVENT_TRACE_ID, OTHER_TRACE_ID],
  },
  kinesis: consumer('process clicks', {
    'clickspan.trigger': 'kinesis',
    'messaging.system': 'aws.kinesis',
    'messaging.destination.name': 'clicks',
    'messaging.destination.partition.id': 'shardId-000000000006',
    'messaging.message.id': '49590338271490256608692578562561008571757365135402131450',
  }),
  // A context within the data's own fields, data that is none of ours, and a context that belongs to something within.
  kinesisBatch: consumer(
    'process clicks',
    { 'messaging.batch.message_count': 3, 'messaging.message.id': undefined },
    [EVENT_TRACE_ID],
  ),
  msk: consumer('process orders', {
    'clickspan.trigger': 'kafka',
    'messaging.system': 'kafka',
    'messaging.destination.name': 'orders',
    'messaging.destination.partition.id': '0',
    'messaging.kafka.offset': 15,
  }),
  // One with a context, one without, and one with two, which count as none.
  selfManagedKafka: consumer(
    'process orders',
    { 'messaging.system': 'kafka', 'messaging.batch.message_count': 3, 'messaging.kafka.offset': undefined },
    [EVENT_TRACE_ID],
  ),
  stepFunctions: server(undefined, {
    ...other('step-functions', 'Charge'),
    'aws.step_functions.state_machine.arn': 'arn:aws:states:eu-west-1:123456789012:stateMachine:checkout',
  }),
  stepFunctionsPayload: server(undefined, other('step-functions', 'Charge')),
  cognitoPostConfirmation: server(undefined, other('cognito', 'PostConfirmation_ConfirmSignUp')),
  cognitoPreTokenGeneration: server(undefined, other('cognito', 'TokenGeneration_Authentication'), false),
  directInvoke: server(undefined, { 'faas.trigger': 'other', 'clickspan.trigger': undefined }),
  directInvokeMobile: server(undefined, { 'faas.trigger': 'other' }),
  directInvokeUntraced: server(undefined, { 'faas.trigger': 'other' }, false),
  cloudWatchLogs: server(undefined, { 'faas.trigger': 'other', 'clickspan.trigger': undefined }, false),
};

/** All recorded events. */
export const RECORDED_EVENTS: readonly RecordedEvent[] = Object.entries(EXPECTED).map(([name, expected]) => {
  const file = new URL(`lambdaEvents/${name}.json`, import.meta.url);
  const { event, clientContext } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  return { name, event, clientContext, expected };
});

/**
 * One recorded event, to be changed as a test likes.
 *
 * @param name of its file
 */
export function readRecordedEvent(name: string): Record<string, unknown> {
  const found = RECORDED_EVENTS.find((recorded) => recorded.name === name);
  if (!found) throw new Error(`no recorded event ${name}`);
  return structuredClone(found.event) as Record<string, unknown>;
}
