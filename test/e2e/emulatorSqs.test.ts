import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import { startEmulator } from '@clickspan/emulator';
import type { QueueConfig } from '@clickspan/emulator';
import { startStage, until, writeCode } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';

// Sources:
// [api] https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/, a page for each operation
// [lambda] https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and services-sqs-configure.html
// [errors] https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
// [fifo]
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
// [trace] https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html,
// "Message system attributes"

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

/** Writes what it was handed to its log, and fails as its messages tell it to. */
const WORKER = `
  export const handler = async (event) => {
    process.stdout.write('EVENT ' + JSON.stringify(event) + '\\n');
    if (event.Records.some(({ body }) => body === 'throw')) throw new Error('boom');
    if (event.Records.some(({ body }) => body === 'slow')) await new Promise((resolve) => setTimeout(resolve, 300));
    return { batchItemFailures: event.Records.filter(({ body }) => body === 'bad').map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
`;

interface SqsRecord {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<
    Record<string, { readonly stringValue?: string; readonly dataType: string }>
  >;
  readonly eventSourceARN: string;
}

async function start(
  ...queues: QueueConfig[]
): Promise<{ stage: Stage; client: SQSClient; urls: Readonly<Record<string, string>> }> {
  stage = await startStage([{ name: 'worker', source: WORKER }], { queues });
  return { stage, client: clientOf(stage.emulator.sqsEndpoint!), urls: stage.emulator.queueUrls };
}

function clientOf(endpoint: string): SQSClient {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'y' };
  return new SQSClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
}

function events({ log }: Stage): readonly { readonly Records: readonly SqsRecord[] }[] {
  const mark = 'worker stdout EVENT ';
  return log
    .filter((line) => line.startsWith(mark))
    .map((line) => JSON.parse(line.slice(mark.length)) as { Records: SqsRecord[] });
}

const bodies = (running: Stage): string[][] =>
  events(running).map(({ Records }) => Records.map(({ body }) => body));

describe('the stand-in for SQS, by the real SDK', () => {
  it('takes a message and gives it out, with digests that the SDK accepts [api]', async () => {
    const { client, urls } = await start({ name: 'orders' });
    const QueueUrl = urls['orders']!;
    const sent = await client.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: 'hello ü ✓',
        MessageAttributes: {
          traceparent: { DataType: 'String', StringValue: '00-aa-bb-01' },
          count: { DataType: 'Number', StringValue: '7' },
          bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 1, 255]) },
        },
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-a-b' } },
      }),
    );
    expect(sent.MessageId).toMatch(/^[0-9a-f-]{36}$/);
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    expect(Messages).toMatchObject([
      {
        MessageId: sent.MessageId,
        Body: 'hello ü ✓',
        Attributes: { ApproximateReceiveCount: '1', AWSTraceHeader: 'Root=1-a-b' },
        MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
        MessageAttributes: {
          traceparent: { DataType: 'String', StringValue: '00-aa-bb-01' },
          count: { DataType: 'Number', StringValue: '7' },
          bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 1, 255]) },
        },
      },
    ]);
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0]!.ReceiptHandle! }));
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      QueueArn: 'arn:aws:sqs:eu-central-1:123456789012:orders',
    });
  });

  it('gives out no more of a message than is asked for [api]', async () => {
    const { client, urls } = await start({ name: 'orders' });
    const QueueUrl = urls['orders']!;
    const MessageAttributes = {
      a: { DataType: 'String', StringValue: '1' },
      'b.c': { DataType: 'String', StringValue: '2' },
    };
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }));
    const receive = async (names: string[]) => {
      const command = new ReceiveMessageCommand({
        QueueUrl,
        MessageAttributeNames: names,
        VisibilityTimeout: 0,
      });
      return Object.keys((await client.send(command)).Messages?.[0]?.MessageAttributes ?? {});
    };
    expect(await receive([])).toEqual([]);
    expect(await receive(['a'])).toEqual(['a']);
    expect(await receive(['b.*'])).toEqual(['b.c']);
  });

  it('takes batches, and finds queues [api]', async () => {
    const { client, urls } = await start({ name: 'orders' }, { name: 'other' });
    expect(await client.send(new GetQueueUrlCommand({ QueueName: 'other' }))).toMatchObject({
      QueueUrl: urls['other'],
    });
    expect((await client.send(new ListQueuesCommand({}))).QueueUrls).toEqual([urls['orders'], urls['other']]);
    const QueueUrl = urls['orders']!;
    const Entries = [
      { Id: '1', MessageBody: 'one' },
      { Id: '2', MessageBody: 'not \u0000 allowed' },
      { Id: '3', MessageBody: 'three' },
    ];
    const { Successful, Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    expect(Successful?.map(({ Id }) => Id)).toEqual(['1', '3']);
    expect(Failed).toMatchObject([{ Id: '2', Code: 'InvalidMessageContents', SenderFault: true }]);
    const got = await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    expect(got.Messages?.map(({ Body }) => Body)).toEqual(['one', 'three']);
    const [first] = got.Messages!;
    await client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: first!.ReceiptHandle!,
        VisibilityTimeout: 0,
      }),
    );
    expect((await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toMatchObject([
      { Body: 'one' },
    ]);
    await client.send(new PurgeQueueCommand({ QueueUrl }));
    expect((await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  });

  it('waits for a message as long as it is asked to [api]', async () => {
    const { client, urls } = await start({ name: 'orders' });
    const QueueUrl = urls['orders']!;
    const waiting = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late' }));
    expect((await waiting).Messages).toMatchObject([{ Body: 'late' }]);
  });

  it('refuses as SQS does [api]', async () => {
    const { client, urls, stage: running } = await start({ name: 'orders' });
    const QueueUrl = urls['orders']!;
    const send = (input: object): Promise<unknown> =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', ...input }));
    await expect(send({ QueueUrl: `${QueueUrl}-not` })).rejects.toThrow(QueueDoesNotExist);
    await expect(send({ MessageBody: '' })).rejects.toThrow('at least one character');
    await expect(send({ MessageBody: 'x'.repeat(1_048_577) })).rejects.toThrow('shorter than 1048576 bytes');
    await expect(send({ DelaySeconds: 901 })).rejects.toThrow('DelaySeconds');
    await expect(send({ MessageAttributes: { a: { DataType: 'Text', StringValue: 'x' } } })).rejects.toThrow(
      "attribute 'a'",
    );
    const empty = new SendMessageBatchCommand({ QueueUrl, Entries: [] });
    await expect(client.send(empty)).rejects.toMatchObject({ name: 'EmptyBatchRequest' });
    // What a web page sends is told by its origin, which no page can leave out.
    const asPage = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.SendMessage',
      origin: 'https://evil.example',
    };
    const spam = JSON.stringify({ QueueUrl, MessageBody: 'spam' });
    const answer = await fetch(running.emulator.sqsEndpoint!, {
      method: 'POST',
      headers: asPage,
      body: spam,
    });
    expect(await answer.json()).toMatchObject({ __type: 'com.amazonaws.sqs#AccessDenied' });
    expect(await counted(client, QueueUrl)).toBe(0);
    // What a web page could send without asking.
    const headers = { 'content-type': 'text/plain', 'x-amz-target': 'AmazonSQS.PurgeQueue' };
    const body = JSON.stringify({ QueueUrl });
    expect((await fetch(running.emulator.sqsEndpoint!, { method: 'POST', headers, body })).status).toBe(400);
  });
});

describe('a queue with a function', () => {
  it('hands its messages over in the shape that Lambda has [lambda]', async () => {
    const { client, urls, stage: running } = await start({ name: 'orders', function: 'worker' });
    const MessageAttributes = { traceparent: { DataType: 'String', StringValue: '00-aa-bb-01' } };
    await client.send(
      new SendMessageCommand({ QueueUrl: urls['orders']!, MessageBody: 'hi', MessageAttributes }),
    );
    await until('the function has run', () => events(running).length === 1);
    expect(events(running)[0]!.Records).toMatchObject([
      {
        body: 'hi',
        attributes: { ApproximateReceiveCount: '1' },
        messageAttributes: {
          traceparent: {
            stringValue: '00-aa-bb-01',
            dataType: 'String',
            stringListValues: [],
            binaryListValues: [],
          },
        },
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:orders',
        awsRegion: 'eu-central-1',
      },
    ]);
    await until('the message is gone', () => counted(client, urls['orders']!).then((count) => count === 0));
  });

  it('gathers a batch within its window, up to its size [lambda]', async () => {
    const {
      client,
      urls,
      stage: running,
    } = await start({
      name: 'orders',
      function: 'worker',
      batchSize: 3,
      batchWindowMs: 10_000,
    });
    const send = (MessageBody: string): Promise<unknown> =>
      client.send(new SendMessageCommand({ QueueUrl: urls['orders']!, MessageBody }));
    for (const body of ['1', '2', '3']) {
      await send(body);
    }
    await until('the function has run', () => events(running).length === 1);
    expect(bodies(running)).toEqual([['1', '2', '3']]);
  });

  it('shows a failed batch again, and puts away what fails too often [errors]', async () => {
    const {
      client,
      urls,
      stage: running,
    } = await start(
      {
        name: 'orders',
        function: 'worker',
        visibilityTimeoutMs: 200,
        maxReceiveCount: 3,
        deadLetterQueue: 'dead',
      },
      { name: 'dead' },
    );
    await client.send(new SendMessageCommand({ QueueUrl: urls['orders']!, MessageBody: 'throw' }));
    const WaitTimeSeconds = 20;
    const { Messages } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: urls['dead']!, WaitTimeSeconds }),
    );
    expect(Messages).toMatchObject([{ Body: 'throw' }]);
    // A slow start of the function may take longer than the message stays hidden.
    await until('each has been handed over', () => events(running).length === 3);
    const counts = events(running).map(({ Records }) => Records[0]!.attributes['ApproximateReceiveCount']);
    expect(new Set(counts)).toEqual(new Set(['1', '2', '3']));
  });

  it('shows again only the items that are reported as failed [errors]', async () => {
    const {
      client,
      urls,
      stage: running,
    } = await start({
      name: 'orders',
      function: 'worker',
      batchWindowMs: 300,
      visibilityTimeoutMs: 1000,
      maxReceiveCount: 2,
      reportBatchItemFailures: true,
    });
    // A function that runs already needs less than the second that messages stay hidden.
    await running.emulator.invoke('worker', { Records: [] });
    const Entries = ['good', 'bad', 'fine'].map((MessageBody, index) => ({ Id: String(index), MessageBody }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: urls['orders']!, Entries }));
    await until('the failed one has come again', () => events(running).length === 3);
    expect(bodies(running)).toEqual([[], ['good', 'bad', 'fine'], ['bad']]);
  });

  it('keeps messages for a function that has no room [errors]', async () => {
    stage = await startStage([{ name: 'worker', source: WORKER, reservedConcurrency: 1 }], {
      queues: [{ name: 'orders', function: 'worker', batchSize: 1 }],
    });
    const client = clientOf(stage.emulator.sqsEndpoint!);
    const Entries = Array.from({ length: 4 }, (_, index) => ({ Id: String(index), MessageBody: 'slow' }));
    await client.send(
      new SendMessageBatchCommand({ QueueUrl: stage.emulator.queueUrls['orders']!, Entries }),
    );
    await until(
      'each has been handed over',
      () => new Set(events(stage!).map(({ Records }) => Records[0]!.messageId)).size === 4,
    );
    expect(stage.environments()).toHaveLength(1);
  });
});

describe('a FIFO queue', () => {
  it('hands groups over in order, each message once, with the attributes of its kind [fifo]', async () => {
    const {
      client,
      urls,
      stage: running,
    } = await start({
      name: 'orders.fifo',
      function: 'worker',
      batchSize: 1,
      contentBasedDeduplication: true,
    });
    const QueueUrl = urls['orders.fifo']!;
    const send = (MessageBody: string, MessageGroupId: string) =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId }));
    await send('slow', 'a');
    await send('a2', 'a');
    const { MessageId, SequenceNumber } = await send('a3', 'a');
    expect(await send('a3', 'a')).toMatchObject({ MessageId, SequenceNumber });
    await send('b1', 'b');
    await until('each has been handed over', () => events(running).length >= 4);
    await until('the queue is empty', () => counted(client, QueueUrl).then((count) => count === 0));
    const handed = bodies(running).flat();
    expect(handed.filter((body) => body !== 'b1')).toEqual(['slow', 'a2', 'a3']);
    const records = events(running).flatMap(({ Records }) => Records);
    expect(records.find(({ body }) => body === 'a3')!.attributes).toMatchObject({
      MessageGroupId: 'a',
      SequenceNumber,
      MessageDeduplicationId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
  });

  it('asks for a group [fifo]', async () => {
    const { client, urls } = await start({ name: 'orders.fifo' });
    const command = new SendMessageCommand({ QueueUrl: urls['orders.fifo']!, MessageBody: 'x' });
    await expect(client.send(command)).rejects.toThrow('must contain the parameter MessageGroupId');
  });
});

it('carries the trace header from a function that sends to the one that receives, as the SDK and SQS do [trace]', async () => {
  const sender = await writeCode(`
    import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
    const client = new SQSClient({});
    export const handler = async () => {
      await client.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: 'x' }));
      return process.env._X_AMZN_TRACE_ID;
    };
  `);
  await symlink(
    fileURLToPath(new URL('../../node_modules', import.meta.url)),
    join(sender.codeDir, 'node_modules'),
    'dir',
  );
  const worker = await writeCode(WORKER);
  const log: string[] = [];
  const emulator = await startEmulator({
    functions: [
      {
        name: 'sender',
        codeDir: sender.codeDir,
        handler: 'index.handler',
        memoryMb: 256,
        timeoutMs: 20_000,
        // The addresses are known only once the emulator listens.
        environment: ({ sqsEndpoint, queueUrls }) => ({
          AWS_ENDPOINT_URL_SQS: sqsEndpoint!,
          QUEUE_URL: queueUrls['orders']!,
        }),
      },
      { name: 'worker', codeDir: worker.codeDir, handler: 'index.handler' },
    ],
    queues: [{ name: 'orders', function: 'worker' }],
    onLog: ({ functionName, source, line }) => log.push(`${functionName} ${source} ${line}`),
  });
  try {
    const traceHeader = 'Root=1-6b000000-000000000000000000000001;Parent=0000000000000002;Sampled=0';
    expect(await emulator.invoke('sender', {}, { traceHeader })).toMatchObject({ payload: traceHeader });
    await until('the worker has run', () => log.some((line) => line.includes('EVENT')));
    expect(log.find((line) => line.includes('EVENT'))).toContain(`"AWSTraceHeader":"${traceHeader}"`);
  } finally {
    await emulator.stop();
    await sender.remove();
    await worker.remove();
  }
});

async function counted(client: SQSClient, QueueUrl: string): Promise<number> {
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );
  return (
    Number(Attributes['ApproximateNumberOfMessages']) +
    Number(Attributes['ApproximateNumberOfMessagesNotVisible'])
  );
}
