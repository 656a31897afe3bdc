import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendHttp } from '../support/httpClient.ts';
import type { HttpCall } from '../support/httpClient.ts';
import { startStage } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';

// Source of the words of errors:
// [errors] https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html and aws-query-protocol.html, "Operation error
// serialization"
// That nothing breaks whatever comes is our own rule.

const FUNCTION = `export const handler = async () => ({ statusCode: 200, headers: {}, body: 'fine' });`;
const JSON_1_0 = 'application/x-amz-json-1.0';
const JSON_1_1 = 'application/x-amz-json-1.1';
const FORM = 'application/x-www-form-urlencoded';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage([{ name: 'f', source: FUNCTION }], {
    httpApis: [{ name: 'http', routes: [{ route: '$default', function: 'f' }] }],
    functionUrls: [{ function: 'f' }],
    restApis: [{ name: 'rest', methods: [{ method: 'ANY /{proxy+}', function: 'f' }] }],
    loadBalancers: [{ name: 'alb', function: 'f' }],
    webSocketApis: [{ name: 'ws', routes: [{ route: '$connect', function: 'f' }] }],
    queues: [{ name: 'q' }],
    topics: [{ name: 't', subscriptions: [{ function: 'f' }] }],
    eventRules: [{ name: 'r', eventPattern: { source: ['x'] }, targets: [{ function: 'f' }] }],
    streams: [{ name: 's', function: 'f' }],
    buckets: [{ name: 'uploads' }],
  });
});
afterAll(() => stage.stop());

/** Where each front listens, by its name. */
function placeOf(name: string): string {
  const { emulator } = stage;
  const places: Readonly<Record<string, string | undefined>> = {
    http: emulator.urls['http'],
    url: emulator.functionUrls['f'],
    rest: emulator.restApiUrls['rest'],
    alb: emulator.loadBalancerUrls['alb'],
    ws: emulator.webSocketConnectionsUrls['ws'],
    lambda: emulator.lambdaEndpoint,
    sqs: emulator.sqsEndpoint,
    sns: emulator.snsEndpoint,
    events: emulator.eventBridgeEndpoint,
    kinesis: emulator.kinesisEndpoint,
    s3: emulator.s3Endpoint,
  };
  return places[name]!;
}

const FRONTS = ['http', 'url', 'rest', 'alb', 'ws', 'lambda', 'sqs', 'sns', 'events', 'kinesis', 's3'];

describe.each(FRONTS)('%s', (name) => {
  it.each<[string, string, HttpCall]>([
    ['a path that cannot be decoded', '/%E0%A4%A/%zz?%=%zz&&=&%E0', {}],
    ['a path of slashes', '//a//b//', {}],
    ['names that objects have a meaning for', '/__proto__?__proto__=1&constructor=2', {}],
    ['a method that nobody uses', '/', { method: 'PROPFIND' }],
    ['a body that is no JSON', '/', { headers: { 'content-type': JSON_1_1 }, body: '{"a":' }],
    ['a body of bytes', '/', { headers: { 'content-type': FORM }, body: Buffer.from([0, 255, 254, 37, 37]) }],
    ['a trace header that is none', '/', { headers: { 'x-amzn-trace-id': '\u00e9;Root=;;=' } }],
    ['no type', '/', { body: 'x' }],
  ])('answers %s', async (_, path, call) => {
    const { status } = await sendHttp(`${placeOf(name)}${path}`, call);
    expect(status).toBeGreaterThanOrEqual(200);
  });

  it('goes on when callers leave in the middle, or speak no HTTP', async () => {
    const { hostname, port } = new URL(placeOf(name));
    const texts = [
      '',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n nonsense nonsense nonsense',
      'nonsense\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"half',
      'GET /prod HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1\r\n\r\n',
    ];
    for (const text of texts) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => socket.end(text));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
        setTimeout(() => socket.destroy(), 300);
      });
    }
    expect((await sendHttp(`${placeOf(name)}/`)).status).toBeGreaterThanOrEqual(200);
  });
});

describe.each([
  ['sqs', JSON_1_0, 'AmazonSQS.SendMessage', /"__type":"com\.amazonaws\.sqs#\w+"/],
  ['events', JSON_1_1, 'AWSEvents.PutEvents', /"__type":"\w+"/],
  ['kinesis', JSON_1_1, 'Kinesis_20131202.PutRecord', /"__type":"\w+"/],
  ['sns', FORM, '', /<ErrorResponse .*<Code>\w+<\/Code>/],
] as const)('%s', (name, type, target, shape) => {
  it.each(['', '[]', 'null', '{"a":', '{"Entries":[null,1]}', '{"Records":7}', '{"__proto__":{"a":1}}'])(
    'refuses %j in its own words [errors]',
    async (body) => {
      const headers = { 'content-type': type, 'x-amz-target': target };
      const answer = await sendHttp(`${placeOf(name)}/`, { method: 'POST', headers, body });
      if (answer.status === 200) expect(answer.body).toMatch(/"FailedEntryCount":[1-9]/);
      else expect([answer.status, answer.body]).toEqual([400, expect.stringMatching(shape)]);
    },
  );
});
