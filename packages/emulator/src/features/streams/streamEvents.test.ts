import { describe, expect, it } from 'vitest';
import { toDynamoDbEvent } from './dynamoDbEvent.ts';
import type { TableRecord } from './dynamoDbEvent.ts';
import { toKinesisEvent } from './kinesisEvent.ts';
import { isWantedRecord } from './recordFilter.ts';
import { refuseStreamFaults, refuseTableStreamFaults } from './streamConfig.ts';
import type { StreamViewType } from './streamConfig.ts';

// Sources, in https://docs.aws.amazon.com/lambda/latest/dg/
// [kinesis] with-kinesis.html
// [dynamodb] with-ddb.html
// [parameters] services-kinesis-parameters.html

it('a Kinesis event has the fields that AWS documents [kinesis]', () => {
  const records = [
    {
      partitionKey: '1',
      sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
      data: Buffer.from('Hello, this is a test.'),
      arrivedUnixMs: 1_545_084_650_987.4,
      sizeBytes: 30,
    },
  ];
  const shard = {
    shardId: 'shardId-000000000006',
    streamArn: 'arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream',
    region: 'us-east-2',
    accountId: '123456789012',
  };
  expect(toKinesisEvent(records, shard)).toEqual({
    Records: [
      {
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: '1',
          sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
          data: 'SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==',
          approximateArrivalTimestamp: 1_545_084_650.987,
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: 'shardId-000000000006:49590338271490256608559692538361571095921575989136588898',
        eventName: 'aws:kinesis:record',
        invokeIdentityArn: 'arn:aws:iam::123456789012:role/lambda-role',
        awsRegion: 'us-east-2',
        eventSourceARN: 'arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream',
      },
    ],
  });
});

describe('a DynamoDB event', () => {
  const record: TableRecord = {
    sequenceNumber: '111',
    arrivedUnixMs: 1_479_499_740_600,
    sizeBytes: 26,
    change: {
      eventName: 'MODIFY',
      keys: { Id: { N: '101' } },
      newImage: { Id: { N: '101' }, Message: { S: 'new' } },
      oldImage: { Id: { N: '101' }, Message: { S: 'old' } },
    },
  };
  const stream = {
    streamArn: 'arn:aws:dynamodb:us-east-2:123456789012:table/t/stream/2024-06-10T19:26:16.525',
    region: 'us-east-2',
  };

  it('has the fields that AWS documents [dynamodb]', () => {
    expect(toDynamoDbEvent([record], { ...stream, viewType: 'NEW_AND_OLD_IMAGES' })).toEqual({
      Records: [
        {
          eventID: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
          eventName: 'MODIFY',
          eventVersion: '1.1',
          eventSource: 'aws:dynamodb',
          awsRegion: 'us-east-2',
          dynamodb: {
            ApproximateCreationDateTime: 1_479_499_740,
            Keys: { Id: { N: '101' } },
            NewImage: { Id: { N: '101' }, Message: { S: 'new' } },
            OldImage: { Id: { N: '101' }, Message: { S: 'old' } },
            SequenceNumber: '111',
            SizeBytes: 26,
            StreamViewType: 'NEW_AND_OLD_IMAGES',
          },
          eventSourceARN: stream.streamArn,
        },
      ],
    });
  });

  it.each<[StreamViewType, readonly string[]]>([
    ['KEYS_ONLY', []],
    ['NEW_IMAGE', ['NewImage']],
    ['OLD_IMAGE', ['OldImage']],
  ])('of %s shows %j beside its keys [dynamodb]', (viewType, images) => {
    const [{ dynamodb }] = toDynamoDbEvent([record], { ...stream, viewType }).Records as [
      { dynamodb: Record<string, unknown> },
    ];
    expect(Object.keys(dynamodb).filter((name) => name.endsWith('Image'))).toEqual(images);
  });

  it('tells of an item that its time to live has removed [dynamodb]', () => {
    const userIdentity = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };
    const removed = { ...record, change: { eventName: 'REMOVE' as const, keys: {}, userIdentity } };
    const event = toDynamoDbEvent([removed], { ...stream, viewType: 'KEYS_ONLY' });
    expect(event.Records).toMatchObject([{ eventName: 'REMOVE', userIdentity }]);
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html, with-ddb-filtering.html
describe('a filter pattern', () => {
  const clicked = (text: string): unknown => ({
    eventName: 'aws:kinesis:record',
    kinesis: { partitionKey: 'a', data: Buffer.from(text).toString('base64') },
  });
  it.each<[boolean, unknown, Record<string, unknown>]>([
    [true, clicked('{"kind":"order"}'), { data: { kind: ['order'] } }],
    [false, clicked('{"kind":"other"}'), { data: { kind: ['order'] } }],
    [false, clicked('text'), { data: { kind: ['order'] } }],
    [true, clicked('text'), { data: ['text'] }],
    [true, clicked('{}'), { partitionKey: [{ prefix: 'a' }] }],
    [true, { eventName: 'INSERT', dynamodb: { Keys: { id: { S: 'a' } } } }, { eventName: ['INSERT'] }],
    [
      false,
      { eventName: 'INSERT', dynamodb: { Keys: { id: { S: 'a' } } } },
      { dynamodb: { Keys: { id: { S: ['b'] } } } },
    ],
  ])('wants: %s, %j with %j', (expected, record, pattern) => {
    expect(isWantedRecord(record, [pattern])).toBe(expected);
    expect(isWantedRecord(record, [])).toBe(true);
  });
});

it.each([
  [{ name: 'a b' }, 'stream a b'],
  [{ name: 'a', filterPatterns: [{ data: 'x' }] }, 'stream a: filterPatterns: "data"'],
  [{ name: 'a', filterPatterns: Array.from({ length: 6 }, () => ({ a: ['b'] })) }, 'there are 6'],
  [{ name: 'a', shards: 0 }, 'shards is 0'],
  [{ name: 'a', batchSize: 10_001 }, 'batchSize is 10001'],
  [{ name: 'a', maxRetries: -1 }, 'maxRetries is -1'],
  [{ name: 'a', maxRecordAgeMs: 1000 }, 'maxRecordAgeMs is 1000'],
])('the stream %j is refused [parameters]', (config, message) => {
  expect(() => refuseStreamFaults(config)).toThrow(message);
});

it.each([
  [{ table: 'a' }, 'table a'],
  [{ table: 'abc', batchWindowMs: 300_001 }, 'batchWindowMs is 300001'],
])("the table's stream %j is refused [parameters]", (config, message) => {
  expect(() => refuseTableStreamFaults(config)).toThrow(message);
});
