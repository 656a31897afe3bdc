import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector, ReceivedSpan } from '../support/collector.ts';
import { bundleFunction, withInstalledPackages } from '../support/functionBundle.ts';
import { startStage } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { isInvocation, isType, withLayer } from '../support/layer.ts';

const SENDER = `
  import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
  import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
  import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
  import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
  import { traceAwsClient } from '@clickspan/lambda';
  const sns = traceAwsClient(new SNSClient({}));
  const events = traceAwsClient(new EventBridgeClient({}));
  const kinesis = traceAwsClient(new KinesisClient({}));
  const lambda = traceAwsClient(new LambdaClient({}));
  const detail = { EventBusName: 'shop', Source: 'shop', DetailType: 'Placed', Detail: '{"a":1}' };
  const CALLS = {
    sns: () => sns.send(new PublishCommand({ TopicArn: process.env.TOPIC_ARN, Message: 'm' })),
    events: () => events.send(new PutEventsCommand({ Entries: [detail] })),
    kinesis: () =>
      kinesis.send(new PutRecordCommand({ StreamName: 'clicks', PartitionKey: 'k', Data: Buffer.from('{"a":1}') })),
    invoke: () => lambda.send(new InvokeCommand({ FunctionName: 'worker', Payload: '{"plain":true}' })),
  };
  export const handler = async ({ way }) => void (await CALLS[way]());`;
const WORKER = 'export const handler = async () => {};';

describe.each(['bundled', 'installed'] as const)('a function with an SDK that is %s', (kind) => {
  let collector: FakeCollector;
  let stage: Stage;
  beforeAll(async () => {
    collector = await startFakeCollector();
    stage = await startStage(
      [
        withLayer(
          {
            name: 'sender',
            source: kind === 'bundled' ? await bundleFunction(SENDER) : withInstalledPackages(SENDER),
            timeoutMs: 60_000,
            environment: (places) => ({
              AWS_ENDPOINT_URL_SNS: places.snsEndpoint!,
              AWS_ENDPOINT_URL_EVENTBRIDGE: places.eventBridgeEndpoint!,
              AWS_ENDPOINT_URL_KINESIS: places.kinesisEndpoint!,
              AWS_ENDPOINT_URL_LAMBDA: places.lambdaEndpoint,
              TOPIC_ARN: places.topicArns['news']!,
              CLICKSPAN_CONTEXT_IN_PAYLOAD: 'eventbridge,kinesis',
            }),
          },
          collector.url,
        ),
        withLayer({ name: 'worker', source: WORKER, timeoutMs: 20_000 }, collector.url),
      ],
      {
        topics: [{ name: 'news', subscriptions: [{ function: 'worker' }] }],
        eventRules: [
          {
            name: 'placed',
            bus: 'shop',
            eventPattern: { source: ['shop'] },
            targets: [{ function: 'worker' }],
          },
        ],
        streams: [{ name: 'clicks', function: 'worker' }],
      },
    );
  });
  afterAll(async () => {
    await stage.stop();
    await collector.stop();
  });

  it.each([
    ['SNS', 'sns', 'SNS.Publish'],
    ['EventBridge', 'events', 'EventBridge.PutEvents'],
    ['Kinesis, over HTTP/2', 'kinesis', 'Kinesis.PutRecord'],
    ['a direct call', 'invoke', 'Lambda.Invoke'],
  ])('is followed through %s', async (_, way, name) => {
    const before = collector.spans.length;
    const isNew = (span: ReceivedSpan): boolean => collector.spans.indexOf(span) >= before;
    await stage.emulator.invoke('sender', { way });
    // They come from two functions, in any order.
    for (const functionName of ['sender', 'worker'])
      await collector.waitForSpan(
        (span) => isInvocation()(span) && span.resource['faas.name'] === functionName && isNew(span),
      );
    const spans = collector.spans.filter(isNew);
    const worker = spans.find((span) => isInvocation()(span) && span.resource['faas.name'] === 'worker')!;
    const calls = spans.filter(isType('call'));
    expect(calls.map((call) => call.name)).toEqual([name]);
    expect(calls[0]!.attributes['cloud.region']).toBe('eu-central-1');
    expect(worker).toMatchObject({ traceId: calls[0]!.traceId, parentSpanId: calls[0]!.spanId });
  });
});
