import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendHttp } from '../support/httpClient.ts';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage } from '../support/lambdaFixture.ts';
import { receiveMessage } from '../support/receiveMessage.ts';

// Sources:
// [kinesis] https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and kinesis-on-failure-destination.html
// [dynamodb] https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html

/** Reports the first record whose data is `bad` as failed. */
const WORKER = `
  export const handler = async (event) => {
    process.stdout.write('EVENT ' + JSON.stringify(event) + '\\n');
    const bad = event.Records.find(({ kinesis }) => kinesis && Buffer.from(kinesis.data, 'base64').toString() === 'bad');
    return { batchItemFailures: bad ? [{ itemIdentifier: bad.kinesis.sequenceNumber }] : [] };
  };
`;

interface StreamEvent {
  readonly Records: readonly {
    readonly eventSource: string;
    readonly kinesis?: { readonly data: string; readonly sequenceNumber: string };
    readonly dynamodb?: Record<string, unknown>;
  }[];
}

let stage: Stage;
beforeAll(async () => {
  stage = await startStage([{ name: 'worker', source: WORKER }], {
    queues: [{ name: 'given-up' }],
    streams: [
      {
        name: 'clicks',
        shards: 2,
        function: 'worker',
        batchWindowMs: 100,
        maxRetries: 1,
        reportBatchItemFailures: true,
        onFailure: 'given-up',
      },
    ],
    tableStreams: [{ table: 'orders', function: 'worker', viewType: 'NEW_IMAGE' }],
  });
});
afterAll(() => stage.stop());

const MARK = 'worker stdout EVENT ';
const events = (): readonly StreamEvent[] =>
  stage.log
    .filter((line) => line.startsWith(MARK))
    .map((line) => JSON.parse(line.slice(MARK.length)) as StreamEvent);

describe('a Kinesis stream', () => {
  const put = (...texts: string[]) =>
    sendHttp(`${stage.emulator.kinesisEndpoint}/`, {
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecords',
      },
      body: JSON.stringify({
        StreamName: 'clicks',
        Records: texts.map((text) => ({
          PartitionKey: 'same',
          Data: Buffer.from(text).toString('base64'),
        })),
      }),
    });
  const batches = (): readonly string[] =>
    events()
      .filter(({ Records }) => Records[0]?.eventSource === 'aws:kinesis')
      .map(({ Records }) =>
        Records.map(({ kinesis }) => Buffer.from(kinesis!.data, 'base64').toString()).join(),
      );

  it('hands its records over in order, again from the failed one on, and gives up in the end [kinesis]', async () => {
    await put('a', 'bad', 'c');
    await until('it has been tried twice', () => batches().length === 2);
    expect(batches()).toEqual(['a,bad,c', 'bad,c']);
    const { Body } = await receiveMessage(stage.emulator, 'given-up');
    expect(JSON.parse(Body!)).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
      KinesisBatchInfo: {
        batchSize: 2,
        streamArn: 'arn:aws:kinesis:eu-central-1:123456789012:stream/clicks',
        startSequenceNumber: events()[0]!.Records[1]!.kinesis!.sequenceNumber,
      },
    });
    await put('d');
    await until('the shard goes on', () => batches().at(-1) === 'd');
  });
});

describe("a table's stream", () => {
  it('hands changes over [dynamodb]', async () => {
    const keys = { id: { S: 'a' } };
    stage.emulator.putStreamRecords('orders', [
      { eventName: 'INSERT', keys, newImage: { ...keys, total: { N: '7' } } },
      { eventName: 'REMOVE', keys, oldImage: keys },
    ]);
    const found = (): StreamEvent | undefined =>
      events().find(({ Records }) => Records[0]?.eventSource === 'aws:dynamodb');
    await until('the function has got them', found);
    expect(found()).toMatchObject({
      Records: [
        {
          eventName: 'INSERT',
          dynamodb: { Keys: keys, NewImage: { total: { N: '7' } }, StreamViewType: 'NEW_IMAGE' },
        },
        { eventName: 'REMOVE' },
      ],
    });
    expect(() => stage.emulator.putStreamRecords('other', [])).toThrow('no stream of a table other');
  });
});
