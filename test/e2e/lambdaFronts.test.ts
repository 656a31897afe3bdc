import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector, ReceivedSpan } from '../support/collector.ts';
import { sendHttp } from '../support/httpClient.ts';
import type { HttpAnswer } from '../support/httpClient.ts';
import { startStage } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { isInvocation, withLayer } from '../support/layer.ts';

// The events here are not recorded ones: each comes as the front that makes it understands AWS.

const SPAN_ID = 'b7ad6b7169203331';
const ORIGIN = 'https://shop.example';
/** Answers as its caller takes it, and fails for messages that say so. */
const FUNCTION = `
  export const handler = async (event) => {
    const failed = (event.Records ?? []).filter((record) => JSON.stringify(record).includes('YmFk'));
    if (event.Records) return { batchItemFailures: failed.map(({ kinesis }) => ({ itemIdentifier: kinesis.sequenceNumber })) };
    const lists = { 'Access-Control-Allow-Origin': ['${ORIGIN}'], 'Set-Cookie': ['a=1', 'b=2'], 'X-Own': ['1'] };
    const texts = { 'Access-Control-Allow-Origin': '${ORIGIN}', 'X-Own': '1' };
    const isList = event.multiValueHeaders && !event.headers || event.queryStringParameters?.lists;
    return { statusCode: 201, body: 'done', ...(isList ? { multiValueHeaders: lists } : { headers: texts }) };
  };
`;

let collector: FakeCollector;
let stage: Stage;
let traces = 0;
beforeAll(async () => {
  collector = await startFakeCollector();
  const target = [{ function: 'f' }];
  stage = await startStage([withLayer({ name: 'f', source: FUNCTION, timeoutMs: 10_000 }, collector.url)], {
    restApis: [{ name: 'rest', methods: [{ method: 'ANY /orders/{id}', function: 'f' }] }],
    loadBalancers: [
      { name: 'single', function: 'f' },
      { name: 'multi', function: 'f', multiValueHeaders: true },
    ],
    webSocketApis: [{ name: 'chat', routes: ['$connect', 'say'].map((route) => ({ route, function: 'f' })) }],
    queues: [
      { name: 'enveloped', function: 'f' },
      { name: 'raw', function: 'f' },
      { name: 'events', function: 'f' },
    ],
    topics: [
      {
        name: 'orders',
        subscriptions: [
          { function: 'f' },
          { queue: 'enveloped' },
          { queue: 'raw', rawMessageDelivery: true },
        ],
      },
    ],
    eventRules: [
      {
        name: 'placed',
        eventPattern: { source: ['shop'] },
        targets: [{ function: 'f' }, { queue: 'events' }],
      },
      { name: 'nightly', schedule: 'cron(0 3 * * ? *)', targets: target },
    ],
    streams: [
      { name: 'clicks', function: 'f', batchWindowMs: 100, maxRetries: 0, reportBatchItemFailures: true },
    ],
    tableStreams: [{ table: 'pets', function: 'f' }],
  });
});
afterAll(async () => {
  await stage.stop();
  await collector.stop();
});

/** A trace of its own for each sender, so that what it caused can be told. */
function newTrace(): { traceId: string; traceparent: string } {
  const traceId = (++traces).toString(16).padStart(32, 'a');
  return { traceId, traceparent: `00-${traceId}-${SPAN_ID}-01` };
}
function invocationIn(traceId: string, trigger: string): Promise<ReceivedSpan> {
  return collector.waitForSpan(
    (span) =>
      isInvocation()(span) && span.traceId === traceId && span.attributes['clickspan.trigger'] === trigger,
  );
}
function toNames(spans: readonly ReceivedSpan[]): readonly string[] {
  return spans
    .map(({ name, parentSpanId }) => `${name} after ${parentSpanId}`)
    .sort((a, b) => (a < b ? -1 : 1));
}
function post(url: string, target: string, document: object): Promise<HttpAnswer> {
  return sendHttp(`${url}/`, {
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: JSON.stringify(document),
  });
}

describe('a request', () => {
  const urls = (): Readonly<Record<string, string>> => ({
    rest: `${stage.emulator.restApiUrls['rest']}/orders/7?a=1`,
    restLists: `${stage.emulator.restApiUrls['rest']}/orders/7?a=1&lists=1`,
    single: `${stage.emulator.loadBalancerUrls['single']}/orders/7?a=1`,
    multi: `${stage.emulator.loadBalancerUrls['multi']}/orders/7?a=1`,
  });

  it.each([
    ['rest', 'api-gateway-rest', 'GET /orders/{id}'],
    ['restLists', 'api-gateway-rest', 'GET /orders/{id}'],
    ['single', 'alb', 'GET'],
    ['multi', 'alb', 'GET'],
  ])('continues its trace, and its answer tells so: %s', async (front, trigger, name) => {
    const { traceId, traceparent } = newTrace();
    const { status, headers, body } = await sendHttp(urls()[front]!, {
      headers: { TraceParent: traceparent },
    });
    const span = await invocationIn(traceId, trigger);
    expect([status, body, headers['x-own'], headers['access-control-allow-origin']]).toEqual([
      201,
      'done',
      '1',
      ORIGIN,
    ]);
    if (front === 'multi' || front === 'restLists') expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers['server-timing']).toContain(`traceparent;desc="00-${traceId}-${span.spanId}-01"`);
    expect([headers['access-control-expose-headers'], headers['timing-allow-origin']]).toEqual([
      'Server-Timing',
      ORIGIN,
    ]);
    expect([span.name, span.parentSpanId, span.attributes['http.response.status_code']]).toEqual([
      name,
      SPAN_ID,
      201,
    ]);
    expect(span.attributes['url.query']).toContain('a=1');
  });

  it.each(['rest', 'multi'])('with two contexts begins a new trace: %s', async (front) => {
    const { traceparent } = newTrace();
    const before = collector.spans.filter(isInvocation()).length;
    await sendHttp(urls()[front]!, { headers: { traceparent: [traceparent, newTrace().traceparent] } });
    const all = await collector.waitForSpans(before + 1, isInvocation());
    expect(all.at(-1)!.parentSpanId).toBe('');
  });

  it('opens a WebSocket, and its messages have names', async () => {
    const client = new WebSocket(stage.emulator.webSocketUrls['chat']!);
    await new Promise((resolve) => client.addEventListener('open', resolve));
    client.send(JSON.stringify({ action: 'say', text: 'hello' }));
    for (const name of ['$connect', 'say']) {
      const span = await collector.waitForSpan((one) => isInvocation()(one) && one.name === name);
      expect([span.kind, span.status.code]).toEqual([2, 0]);
    }
    client.close();
  });
});

describe('a message', () => {
  it('published to a topic is followed to a function and through queues, enveloped and raw', async () => {
    const { traceId, traceparent } = newTrace();
    await sendHttp(`${stage.emulator.snsEndpoint}/`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        Action: 'Publish',
        TopicArn: stage.emulator.topicArns['orders']!,
        Message: 'hello',
        'MessageAttributes.entry.1.Name': 'traceparent',
        'MessageAttributes.entry.1.Value.DataType': 'String',
        'MessageAttributes.entry.1.Value.StringValue': traceparent,
      }).toString(),
    });
    const spans = await collector.waitForSpans(3, (span) => isInvocation()(span) && span.traceId === traceId);
    expect(toNames(spans)).toEqual([
      `process enveloped after ${SPAN_ID}`,
      `process orders after ${SPAN_ID}`,
      `process raw after ${SPAN_ID}`,
    ]);
  });

  it('put on an event bus is followed to a function and through a queue', async () => {
    const { traceId, traceparent } = newTrace();
    const Entries = [{ Source: 'shop', DetailType: 'OrderPlaced', Detail: JSON.stringify({ traceparent }) }];
    await post(stage.emulator.eventBridgeEndpoint!, 'AWSEvents.PutEvents', { Entries });
    const spans = await collector.waitForSpans(2, (span) => isInvocation()(span) && span.traceId === traceId);
    expect(toNames(spans)).toEqual([
      `process OrderPlaced after ${SPAN_ID}`,
      `process events after ${SPAN_ID}`,
    ]);
  });

  it('of a schedule has no sender', async () => {
    stage.emulator.runSchedule('nightly');
    const span = await collector.waitForSpan(({ attributes }) => attributes['faas.trigger'] === 'timer');
    expect([span.name, span.parentSpanId, span.attributes['clickspan.trigger.operation']]).toEqual([
      'f',
      '',
      'nightly',
    ]);
  });

  it('in a stream is followed, and marked where the function gives it back', async () => {
    const senders = [newTrace(), newTrace()];
    const data = [...senders.map(({ traceparent }) => JSON.stringify({ traceparent })), 'bad'];
    await post(stage.emulator.kinesisEndpoint!, 'Kinesis_20131202.PutRecords', {
      StreamName: 'clicks',
      Records: data.map((text) => ({ PartitionKey: 'same', Data: Buffer.from(text).toString('base64') })),
    });
    const span = await collector.waitForSpan(({ name }) => name === 'process clicks');
    expect(span.links.map(({ traceId }) => traceId)).toEqual(senders.map(({ traceId }) => traceId));
    expect([span.status.code, span.attributes['clickspan.batch.failures']]).toEqual([0, 1]);
    expect(span.events.map(({ name }) => name)).toEqual(['clickspan.message_failed']);
  });

  it('that a table’s change carries is followed where the change has written it', async () => {
    const { traceId, traceparent } = newTrace();
    const keys = { id: { S: 'a' } };
    const item = (name: string): Record<string, { S: string }> => ({
      ...keys,
      name: { S: name },
      traceparent: { S: traceparent },
    });
    stage.emulator.putStreamRecords('pets', [{ eventName: 'INSERT', keys, newImage: item('Rex') }]);
    const span = await invocationIn(traceId, 'dynamodb');
    expect([span.parentSpanId, span.attributes['faas.document.collection']]).toEqual([SPAN_ID, 'pets']);
    stage.emulator.putStreamRecords('pets', [
      { eventName: 'MODIFY', keys, newImage: item('Bello'), oldImage: item('Rex') },
    ]);
    const changed = await collector.waitForSpan(
      ({ attributes }) => attributes['faas.document.operation'] === 'edit',
    );
    expect([changed.parentSpanId, changed.links]).toEqual(['', []]);
  });
});
