import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendHttp } from '../support/httpClient.ts';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { receiveMessage } from '../support/receiveMessage.ts';

// Sources:
// [sns] https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html and
// sns-large-payload-raw-message-delivery.html
// [bus] https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
// [schedule] https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html and
// managing-schedule-context-attributes.html

const WORKER = `
  export const handler = async (event) => {
    process.stdout.write('EVENT ' + JSON.stringify(event) + '\\n');
  };
`;
const TRACE = 'Root=1-6b000000-000000000000000000000001;Parent=0000000000000001;Sampled=1';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage([{ name: 'worker', source: WORKER }], {
    queues: [{ name: 'enveloped' }, { name: 'raw' }, { name: 'events' }],
    topics: [
      {
        name: 'orders',
        subscriptions: [
          { function: 'worker', filterPolicy: { kind: ['order'] } },
          { queue: 'enveloped' },
          { queue: 'raw', rawMessageDelivery: true },
        ],
      },
    ],
    eventRules: [
      {
        name: 'placed',
        bus: 'shop',
        eventPattern: { source: [{ prefix: 'shop.' }], detail: { total: [{ exists: true }] } },
        targets: [{ function: 'worker' }, { queue: 'events', inputPath: '$.detail' }],
      },
      { name: 'nightly', schedule: 'cron(0 3 * * ? *)', targets: [{ function: 'worker' }] },
    ],
    schedules: [
      {
        name: 'tidy',
        expression: 'rate(1 hour)',
        target: { function: 'worker', input: { by: '<aws.scheduler.schedule-arn>' } },
      },
    ],
  });
});
afterAll(() => stage.stop());

const MARK = 'worker stdout EVENT ';
/** The newest event that the function got of which this is true. */
async function handled(isIt: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
  let found: Record<string, unknown> | undefined;
  await until('the function has got it', () => {
    found = stage.log
      .filter((line) => line.startsWith(MARK))
      .map((line) => JSON.parse(line.slice(MARK.length)) as Record<string, unknown>)
      .findLast(isIt);
    return found;
  });
  return found!;
}

describe('a topic', () => {
  it('hands a message to a function and to queues, enveloped and raw, with the trace header [sns]', async () => {
    const { status } = await sendHttp(`${stage.emulator.snsEndpoint}/`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-amzn-trace-id': TRACE },
      body: new URLSearchParams({
        Action: 'Publish',
        TopicArn: stage.emulator.topicArns['orders']!,
        Message: 'hello',
        'MessageAttributes.entry.1.Name': 'kind',
        'MessageAttributes.entry.1.Value.DataType': 'String',
        'MessageAttributes.entry.1.Value.StringValue': 'order',
      }).toString(),
    });
    expect(status).toBe(200);
    expect(await handled(({ Records }) => Array.isArray(Records))).toMatchObject({
      Records: [
        {
          EventSource: 'aws:sns',
          Sns: { Message: 'hello', MessageAttributes: { kind: { Type: 'String', Value: 'order' } } },
        },
      ],
    });
    const enveloped = await receiveMessage(stage.emulator, 'enveloped');
    expect(JSON.parse(enveloped.Body!)).toMatchObject({ Type: 'Notification', Message: 'hello' });
    expect(enveloped.Attributes?.AWSTraceHeader).toBe(TRACE);
    expect(await receiveMessage(stage.emulator, 'raw')).toMatchObject({
      Body: 'hello',
      MessageAttributes: { kind: { DataType: 'String', StringValue: 'order' } },
    });
  });
});

describe('an event bus', () => {
  const put = (entry: object) =>
    sendHttp(`${stage.emulator.eventBridgeEndpoint}/`, {
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
      body: JSON.stringify({ Entries: [{ EventBusName: 'shop', DetailType: 'Order Placed', ...entry }] }),
    });

  it('hands an event to the targets of the rules that it matches [bus]', async () => {
    await put({ Source: 'other', Detail: '{"total":1}' });
    await put({ Source: 'shop.orders', Detail: '{"note":2}' });
    await put({ Source: 'shop.orders', Detail: '{"total":3}' });
    expect(await handled((event) => event['detail-type'] === 'Order Placed')).toMatchObject({
      version: '0',
      source: 'shop.orders',
      detail: { total: 3 },
    });
    expect((await receiveMessage(stage.emulator, 'events')).Body).toBe('{"total":3}');
    expect(stage.log.filter((line) => line.includes('"detail":{"total":1}'))).toEqual([]);
  });

  it('runs what has a schedule, also by request [schedule]', async () => {
    stage.emulator.runSchedule('nightly');
    expect(await handled(({ source }) => source === 'aws.events')).toMatchObject({
      'detail-type': 'Scheduled Event',
      resources: ['arn:aws:events:eu-central-1:123456789012:rule/nightly'],
    });
    stage.emulator.runSchedule('tidy');
    expect(await handled(({ by }) => by !== undefined)).toEqual({
      by: 'arn:aws:scheduler:eu-central-1:123456789012:schedule/default/tidy',
    });
    expect(() => stage.emulator.runSchedule('placed')).toThrow('no rule or schedule placed');
  });
});
