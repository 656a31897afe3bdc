import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import { bundleFunction, withInstalledPackages } from '../support/functionBundle.ts';
import { sleep, startStage } from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';
import { isInvocation, isType, withLayer } from '../support/layer.ts';

let collector: FakeCollector;
let stage: Stage | undefined;
let table: Server | undefined;
beforeEach(async () => {
  collector = await startFakeCollector();
});
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
  table?.close();
  table = undefined;
  await collector.stop();
});

/** A stand-in for DynamoDB that fails as often as it is told to. */
async function startTable(failures = 0): Promise<string> {
  let left = failures;
  table = createServer((request, response) => {
    request.resume();
    const fails = left-- > 0;
    response.writeHead(fails ? 500 : 200, {
      'x-amzn-requestid': 'REQ-1',
      'content-type': 'application/x-amz-json-1.0',
    });
    response.end(fails ? '{"__type":"InternalServerError","message":"later"}' : '{}');
  });
  await new Promise<void>((done) => table!.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(table.address() as AddressInfo).port}`;
}

const SENDER = (trace: string): string => `
  import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
  import { SendMessageCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
  import { traceAwsClient } from '@clickspan/lambda';
  const traced = ${trace};
  const table = traced(new DynamoDBClient({}));
  const queue = traced(new SQSClient({}));
  const QueueUrl = process.env.QUEUE_URL;
  export const handler = async ({ batch }) => {
    await table.send(new PutItemCommand({ TableName: 'orders', Item: { id: { S: '1' } } }));
    if (batch) {
      const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: Id }));
      await queue.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    } else await queue.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));
    return process.env._X_AMZN_TRACE_ID;
  };`;
const WORKER = 'export const handler = async (event) => event.Records.length;';

async function start(source: string, tableUrl: string, bundled = true): Promise<Stage> {
  const functions: StageFunction[] = [
    withLayer(
      {
        name: 'sender',
        source: bundled ? await bundleFunction(source) : withInstalledPackages(source),
        timeoutMs: 20_000,
        environment: ({ sqsEndpoint, queueUrls }) => ({
          AWS_ENDPOINT_URL_SQS: sqsEndpoint!,
          AWS_ENDPOINT_URL_DYNAMODB: tableUrl,
          QUEUE_URL: queueUrls['orders']!,
        }),
      },
      collector.url,
    ),
    withLayer({ name: 'worker', source: WORKER, timeoutMs: 20_000 }, collector.url),
  ];
  stage = await startStage(functions, {
    queues: [{ name: 'orders', function: 'worker', batchSize: 10, batchWindowMs: 200 }],
  });
  return stage;
}

describe('calls of the AWS SDK', () => {
  it('are one span each when the client is traced, and a message hands the trace on', async () => {
    const running = await start(SENDER('traceAwsClient'), await startTable());
    await running.emulator.invoke('sender', {});
    const [sender, worker] = [
      await collector.waitForSpan((span) => isInvocation()(span) && span.resource['faas.name'] === 'sender'),
      await collector.waitForSpan((span) => isInvocation()(span) && span.resource['faas.name'] === 'worker'),
    ];
    const calls = collector.spans.filter(isType('call'));
    expect(calls.map(({ name, parentSpanId }) => ({ name, parentSpanId }))).toEqual([
      { name: 'DynamoDB.PutItem', parentSpanId: sender.spanId },
      { name: 'SQS.SendMessage', parentSpanId: sender.spanId },
    ]);
    const [put, send] = calls;
    expect(put!.attributes).toMatchObject({
      'rpc.system': 'aws-api',
      'db.system.name': 'aws.dynamodb',
      'db.operation.name': 'PutItem',
      'db.collection.name': 'orders',
      'aws.request_id': 'REQ-1',
      'http.response.status_code': 200,
    });
    expect(send!.kind).toBe(4);
    expect(send!.attributes).toMatchObject({
      'messaging.system': 'aws_sqs',
      'messaging.destination.name': 'orders',
      'messaging.operation.type': 'send',
    });
    expect(worker).toMatchObject({
      name: 'process orders',
      kind: 5,
      traceId: sender.traceId,
      parentSpanId: send!.spanId,
    });
    expect(worker.attributes).toMatchObject({
      'faas.trigger': 'pubsub',
      'messaging.message.id': send!.attributes['messaging.message.id'],
    });
  });

  it('link a batch of several messages to each sender, in a trace of its own', async () => {
    const running = await start(SENDER('traceAwsClient'), await startTable());
    await running.emulator.invoke('sender', { batch: true });
    const worker = await collector.waitForSpan(
      (span) => isInvocation()(span) && span.resource['faas.name'] === 'worker',
    );
    const send = collector.spans.find(({ name }) => name === 'SQS.SendMessageBatch')!;
    const link = { traceId: send.traceId, spanId: send.spanId };
    expect(worker.parentSpanId).toBe('');
    expect(worker.traceId).not.toBe(send.traceId);
    expect(worker.links).toEqual([link, link, link]);
    expect(send.attributes['messaging.batch.message_count']).toBe(3);
  });

  it('are recognised without a line of code, and SQS hands the trace on by its own attribute', async () => {
    const running = await start(SENDER('(client) => client'), await startTable());
    const { payload } = await running.emulator.invoke(
      'sender',
      {},
      {
        traceHeader:
          'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:abcd1234:0',
      },
    );
    expect(payload).toContain('Sampled=0');
    const worker = await collector.waitForSpan(
      (span) => isInvocation()(span) && span.resource['faas.name'] === 'worker',
    );
    const calls = collector.spans.filter(isType('call'));
    expect(calls.map(({ name }) => name)).toEqual(['DynamoDB.PutItem', 'SQS.SendMessage']);
    expect(worker).toMatchObject({ traceId: calls[1]!.traceId, parentSpanId: calls[1]!.spanId });
    expect(calls[0]!.attributes).toMatchObject({ 'aws.request_id': 'REQ-1', 'db.operation.name': 'PutItem' });
  });

  it('know table and queue without a line of code and in a bundle too, by what the request says', async () => {
    const running = await start(SENDER('(client) => client'), await startTable());
    await running.emulator.invoke('sender', {});
    const put = await collector.waitForSpan(({ name }) => name === 'DynamoDB.PutItem');
    expect(put.attributes).toMatchObject({
      'db.collection.name': 'orders',
      'aws.dynamodb.table_names': ['orders'],
      'cloud.region': 'eu-central-1',
    });
    const send = await collector.waitForSpan(({ name }) => name === 'SQS.SendMessage');
    expect(send.attributes['messaging.destination.name']).toBe('orders');
  });

  it('are traced in full without a line of code where the SDK is no part of a bundle', async () => {
    const running = await start(SENDER('(client) => client'), await startTable(), false);
    // X-Ray records this one, so its header is no way for our context.
    const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
    await running.emulator.invoke('sender', {}, { traceHeader });
    const worker = await collector.waitForSpan(
      (span) => isInvocation()(span) && span.resource['faas.name'] === 'worker',
    );
    const calls = collector.spans.filter(isType('call'));
    expect(calls.map(({ name }) => name)).toEqual(['DynamoDB.PutItem', 'SQS.SendMessage']);
    expect(calls[0]!.attributes).toMatchObject({
      'db.collection.name': 'orders',
      'cloud.region': 'eu-central-1',
    });
    expect(worker).toMatchObject({ traceId: calls[1]!.traceId, parentSpanId: calls[1]!.spanId });
  });

  it('leave a context of X-Ray that is recorded as it is', async () => {
    const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
    const running = await start(SENDER('(client) => client'), await startTable());
    await running.emulator.invoke('sender', {}, { traceHeader });
    const worker = await collector.waitForSpan(
      (span) => isInvocation()(span) && span.resource['faas.name'] === 'worker',
    );
    expect(worker).toMatchObject({
      traceId: '5759e988bd862e3fe1be46a994272793',
      parentSpanId: '53995c3f42cd8ad8',
    });
  });

  it('tell how often the SDK tried', async () => {
    const running = await start(SENDER('traceAwsClient'), await startTable(2));
    await running.emulator.invoke('sender', {});
    const put = await collector.waitForSpan(({ name }) => name === 'DynamoDB.PutItem');
    expect(put.attributes['http.request.resend_count']).toBe(2);
    expect(put.status.code).toBe(0);
  });

  it('tell why they failed', async () => {
    const running = await start(SENDER('traceAwsClient'), await startTable(9));
    const { functionError } = await running.emulator.invoke('sender', {});
    expect(functionError).toBeTruthy();
    const put = await collector.waitForSpan(({ name }) => name === 'DynamoDB.PutItem');
    expect(put.status).toMatchObject({ code: 2, message: 'later' });
    expect(put.attributes['error.type']).toBe('InternalServerError');
  });

  it('of a message whose sender nobody traced begin a new trace', async () => {
    const running = await start(SENDER('traceAwsClient'), await startTable());
    const client = new SQSClient({
      endpoint: running.emulator.sqsEndpoint!,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    });
    await client.send(
      new SendMessageBatchCommand({
        QueueUrl: running.emulator.queueUrls['orders']!,
        Entries: [
          {
            Id: 'a',
            MessageBody: 'a',
            MessageAttributes: { traceparent: { DataType: 'String', StringValue: 'nonsense' } },
          },
        ],
      }),
    );
    client.destroy();
    const worker = await collector.waitForSpan(isInvocation());
    expect([worker.parentSpanId, worker.links]).toEqual(['', []]);
    await sleep(50);
    expect(collector.spans.filter(isInvocation())).toHaveLength(1);
  });
});
