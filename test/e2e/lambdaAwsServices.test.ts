import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Message } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector, ReceivedSpan } from '../support/collector.ts';
import { bundleFunction, withInstalledPackages } from '../support/functionBundle.ts';
import { startStage } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { isType, withLayer } from '../support/layer.ts';
import { MOTO_DIR, startMoto } from '../support/moto.ts';
import type { Moto } from '../support/moto.ts';

/** Does the calls that its event names, and tells how each went. */
const CALLER = `
  import * as DynamoDB from '@aws-sdk/client-dynamodb';
  import * as Document from '@aws-sdk/lib-dynamodb';
  import * as EventBridge from '@aws-sdk/client-eventbridge';
  import * as Kinesis from '@aws-sdk/client-kinesis';
  import * as S3 from '@aws-sdk/client-s3';
  import * as SFN from '@aws-sdk/client-sfn';
  import * as SNS from '@aws-sdk/client-sns';
  import * as SQS from '@aws-sdk/client-sqs';
  import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
  import { NodeHttpHandler } from '@smithy/node-http-handler';
  import { traceAwsClient } from '@clickspan/lambda';
  const modules = { Document, EventBridge, Kinesis, S3, SFN, SNS, SQS };
  const clients = {
    EventBridge: traceAwsClient(new EventBridge.EventBridgeClient({})),
    Kinesis: traceAwsClient(new Kinesis.KinesisClient({ requestHandler: new NodeHttpHandler() })),
    S3: traceAwsClient(new S3.S3Client({ forcePathStyle: true })),
    SFN: traceAwsClient(new SFN.SFNClient({ disableHostPrefix: true })),
    SNS: traceAwsClient(new SNS.SNSClient({})),
    SQS: traceAwsClient(new SQS.SQSClient({})),
    Document: Document.DynamoDBDocumentClient.from(traceAwsClient(new DynamoDB.DynamoDBClient({}))),
  };
  export const handler = async ({ service, command, input, sign }) => {
    if (input.Data) input.Data = Buffer.from(input.Data);
    const before = JSON.stringify(input);
    const made = new modules[service][command + 'Command'](input);
    try {
      const output = sign ? await getSignedUrl(clients[service], made) : await clients[service].send(made);
      const { $metadata, Body, ...rest } = typeof output === 'string' ? { output } : output;
      return { ...rest, changed: JSON.stringify(input) !== before };
    } catch (error) {
      return { error: error.name, message: error.message };
    }
  };`;

type Outcome = Readonly<Record<string, unknown>>;

const config = { region: 'eu-central-1', credentials: { accessKeyId: 'x', secretAccessKey: 'y' } };

describe.skipIf(!MOTO_DIR)('AWS services (needs moto: node scripts/installMoto.mjs)', () => {
  let moto: Moto;
  let queues: SQSClient;
  beforeAll(async () => {
    moto = await startMoto();
    queues = new SQSClient({ ...config, endpoint: moto.url });
  });
  afterAll(() => moto.stop());

  const createQueue = async (name: string): Promise<{ url: string; arn: string }> => {
    const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: name }));
    return { url: QueueUrl!, arn: `arn:aws:sqs:eu-central-1:123456789012:${name}` };
  };
  const receive = async (url: string): Promise<Message> => {
    const { Messages } = await queues.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
        WaitTimeSeconds: 1,
      }),
    );
    expect(Messages).toHaveLength(1);
    return Messages![0]!;
  };
  const toTraceparent = ({ traceId, spanId }: ReceivedSpan): string => `00-${traceId}-${spanId}-03`;

  describe.each(['bundled', 'installed'] as const)('called by a function whose SDK is %s', (kind) => {
    let collector: FakeCollector;
    let stage: Stage;
    beforeAll(async () => {
      collector = await startFakeCollector();
      const source = kind === 'bundled' ? await bundleFunction(CALLER) : withInstalledPackages(CALLER);
      const caller = (
        name: string,
        environment: Readonly<Record<string, string>>,
      ): ReturnType<typeof withLayer> =>
        withLayer(
          {
            name,
            source,
            timeoutMs: 60_000,
            memoryMb: 512,
            environment: () => ({ AWS_ENDPOINT_URL: moto.url, ...environment }),
          },
          collector.url,
        );
      stage = await startStage([
        caller('caller', {}),
        caller('payload-caller', { CLICKSPAN_CONTEXT_IN_PAYLOAD: 'eventbridge,stepfunctions,kinesis' }),
      ]);
    });
    afterAll(async () => {
      await stage.stop();
      await collector.stop();
    });

    const call = async (
      service: string,
      command: string,
      input: object,
      { functionName = 'caller', sign = false } = {},
    ): Promise<{ outcome: Outcome; spans: readonly ReceivedSpan[] }> => {
      const before = collector.spans.length;
      const { payload } = await stage.emulator.invoke(functionName, { service, command, input, sign });
      await collector.waitForSpan(
        (span) => isType('invocation')(span) && collector.spans.indexOf(span) >= before,
      );
      return {
        outcome: payload as Outcome,
        spans: collector.spans.slice(before).filter(isType('call')),
      };
    };

    it('SQS gets the context, within its limits', async () => {
      const { url } = await createQueue(`plain-${kind}`);
      const { outcome, spans } = await call('SQS', 'SendMessage', { QueueUrl: url, MessageBody: 'b' });
      expect(outcome['changed']).toBe(false);
      expect(spans).toHaveLength(1);
      expect(spans[0]!.attributes).toMatchObject({
        'rpc.service': 'SQS',
        'rpc.method': 'SendMessage',
        'cloud.region': 'eu-central-1',
        'messaging.message.id': outcome['MessageId'],
        'aws.sqs.queue.url': url,
      });
      const message = await receive(url);
      expect(message.MessageAttributes?.['traceparent']?.StringValue).toBe(toTraceparent(spans[0]!));
      const full = Object.fromEntries(
        Array.from({ length: 10 }, (_, i) => [`a${i}`, { DataType: 'String', StringValue: 'v' }]),
      );
      await call('SQS', 'SendMessage', { QueueUrl: url, MessageBody: 'b', MessageAttributes: full });
      expect(Object.keys((await receive(url)).MessageAttributes ?? {})).toEqual(Object.keys(full));
      const large = await call('SQS', 'SendMessage', { QueueUrl: url, MessageBody: 'x'.repeat(262_144) });
      expect(large.outcome['error']).toBeUndefined();
    });

    it('SNS hands the context to a queue', async () => {
      const topics = new SNSClient({ ...config, endpoint: moto.url });
      const { url, arn } = await createQueue(`news-${kind}`);
      const { TopicArn } = await topics.send(new CreateTopicCommand({ Name: `news-${kind}` }));
      await topics.send(
        new SubscribeCommand({
          TopicArn,
          Protocol: 'sqs',
          Endpoint: arn,
          Attributes: { RawMessageDelivery: 'true' },
        }),
      );
      for (const [command, input] of [
        ['Publish', { TopicArn, Message: 'm' }],
        ['PublishBatch', { TopicArn, PublishBatchRequestEntries: [{ Id: '1', Message: 'm' }] }],
      ] as const) {
        const { outcome, spans } = await call('SNS', command, input);
        expect(outcome).toMatchObject({ changed: false });
        expect(spans[0]).toMatchObject({
          name: `SNS.${command}`,
          kind: 4,
          attributes: { 'messaging.destination.name': `news-${kind}`, 'aws.sns.topic.arn': TopicArn },
        });
        expect((await receive(url)).MessageAttributes?.['traceparent']?.StringValue).toBe(
          toTraceparent(spans[0]!),
        );
      }
    });

    it('EventBridge takes the trace header, and hands on the detail, with the context where that was asked for', async () => {
      const events = new EventBridgeClient({ ...config, endpoint: moto.url });
      const { url, arn } = await createQueue(`events-${kind}`);
      const bus = `shop-${kind}`;
      await events.send(new CreateEventBusCommand({ Name: bus }));
      await events.send(
        new PutRuleCommand({ Name: 'all', EventBusName: bus, EventPattern: '{"source":["shop"]}' }),
      );
      await events.send(
        new PutTargetsCommand({ Rule: 'all', EventBusName: bus, Targets: [{ Id: '1', Arn: arn }] }),
      );
      const input = {
        Entries: [{ EventBusName: bus, Source: 'shop', DetailType: 'Placed', Detail: '{"a":1}' }],
      };
      const plain = await call('EventBridge', 'PutEvents', input);
      expect(plain.outcome).toMatchObject({ FailedEntryCount: 0, changed: false });
      expect(plain.spans[0]).toMatchObject({ kind: 4, attributes: { 'messaging.destination.name': bus } });
      expect(JSON.parse((await receive(url)).Body!)).toMatchObject({ detail: { a: 1 } });
      const asked = await call('EventBridge', 'PutEvents', input, { functionName: 'payload-caller' });
      const { detail } = JSON.parse((await receive(url)).Body!) as { detail: object };
      expect(detail).toEqual({ traceparent: toTraceparent(asked.spans[0]!), a: 1 });
    });

    it('Kinesis keeps the bytes of a record, unless it was asked to carry the context', async () => {
      const streams = new KinesisClient({
        ...config,
        endpoint: moto.url,
        requestHandler: new NodeHttpHandler(),
      });
      const StreamName = `clicks-${kind}`;
      await streams.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
      const input = { StreamName, PartitionKey: 'k', Data: '{"a":1}' };
      const plain = await call('Kinesis', 'PutRecord', input);
      expect(plain.spans[0]!.attributes).toMatchObject({ 'aws.kinesis.stream_name': StreamName });
      const asked = await call('Kinesis', 'PutRecord', input, { functionName: 'payload-caller' });
      const { ShardIterator } = await streams.send(
        new GetShardIteratorCommand({
          StreamName,
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      );
      const { Records } = await streams.send(new GetRecordsCommand({ ShardIterator }));
      expect(Records?.map(({ Data }) => Buffer.from(Data!).toString())).toEqual([
        '{"a":1}',
        `{"traceparent":"${toTraceparent(asked.spans[0]!)}","a":1}`,
      ]);
    });

    it('Step Functions takes the trace header, and the context in the input where that was asked for', async () => {
      const machines = new SFNClient({ ...config, endpoint: moto.url, disableHostPrefix: true });
      const { stateMachineArn } = await machines.send(
        new CreateStateMachineCommand({
          name: `order-${kind}`,
          roleArn: 'arn:aws:iam::123456789012:role/x',
          definition: '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}',
        }),
      );
      const inputOf = async ({ executionArn }: Outcome): Promise<unknown> =>
        (await machines.send(new DescribeExecutionCommand({ executionArn: String(executionArn) }))).input;
      const input = { stateMachineArn, input: '{"a":1}' };
      const plain = await call('SFN', 'StartExecution', input);
      expect(plain.spans[0]!.attributes).toMatchObject({
        'aws.step_functions.state_machine.arn': stateMachineArn,
        'http.response.status_code': 200,
      });
      expect(await inputOf(plain.outcome)).toBe('{"a":1}');
      const asked = await call('SFN', 'StartExecution', input, { functionName: 'payload-caller' });
      expect(await inputOf(asked.outcome)).toBe(`{"traceparent":"${toTraceparent(asked.spans[0]!)}","a":1}`);
    });

    it('DynamoDB’s document client is one span a call, with its table', async () => {
      await new DynamoDBClient({ ...config, endpoint: moto.url }).send(
        new CreateTableCommand({
          TableName: `orders-${kind}`,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        }),
      );
      const { spans } = await call('Document', 'Put', { TableName: `orders-${kind}`, Item: { id: '1' } });
      expect(spans).toHaveLength(1);
      expect(spans[0]).toMatchObject({
        name: 'DynamoDB.PutItem',
        attributes: { 'db.collection.name': `orders-${kind}` },
      });
      const missing = await call('Document', 'Get', { TableName: 'missing', Key: { id: '1' } });
      expect(missing.outcome['error']).toBe('ResourceNotFoundException');
      expect(missing.spans[0]).toMatchObject({
        status: { code: 2 },
        attributes: { 'error.type': 'ResourceNotFoundException', 'http.response.status_code': 400 },
      });
    });

    it('S3 is one span a call, and none where an address is signed', async () => {
      const Bucket = `shop-${kind}`;
      await new S3Client({ ...config, endpoint: moto.url, forcePathStyle: true }).send(
        new CreateBucketCommand({
          Bucket,
          CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
        }),
      );
      const { spans } = await call('S3', 'PutObject', { Bucket, Key: 'private/a', Body: 'text' });
      expect(spans.map(({ name }) => name)).toEqual(['S3.PutObject']);
      expect(spans[0]!.attributes).toMatchObject({ 'aws.s3.bucket': Bucket, 'rpc.method': 'PutObject' });
      const signed = await call('S3', 'GetObject', { Bucket, Key: 'private/a' }, { sign: true });
      expect(signed.outcome['output']).toContain('X-Amz-Signature');
      expect(signed.spans).toEqual([]);
    });
  });
});
