import { connect } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from '../../../../../test/support/httpClient.ts';
import type { KinesisRecord } from './kinesisEvent.ts';
import { startKinesisServer } from './kinesisServer.ts';
import type { KinesisServer } from './kinesisServer.ts';
import { toHashKeyRange, toShardIndex } from './shards.ts';

// Sources, in https://docs.aws.amazon.com/kinesis/latest/APIReference/
// [one] API_PutRecord.html
// [many] API_PutRecords.html

const LAST_HASH_KEY = 2n ** 128n - 1n;
let server: KinesisServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

interface Bench {
  readonly got: [shardIndex: number, record: KinesisRecord][];
  readonly call: (
    action: string,
    parameters: unknown,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; document: unknown }>;
}

async function bench(): Promise<Bench> {
  const got: [number, KinesisRecord][] = [];
  server = await startKinesisServer({
    port: 0,
    accountId: '123456789012',
    clock: () => 1_545_084_650_987,
    streams: [
      {
        name: 'clicks',
        arn: 'arn:aws:kinesis:eu-central-1:123456789012:stream/clicks',
        shards: 2,
        createdUnixMs: 1_545_084_000_000,
        onRecord: (...record) => void got.push(record),
      },
    ],
  });
  const { endpoint } = server;
  const call: Bench['call'] = async (action, parameters, headers = {}) => {
    const { status, body } = await sendHttp(`${endpoint}/`, {
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Kinesis_20131202.${action}`,
        ...headers,
      },
      body: JSON.stringify(parameters),
    });
    return { status, document: JSON.parse(body) as unknown };
  };
  return { got, call };
}

const RECORD = { StreamName: 'clicks', PartitionKey: 'a', Data: 'aGVsbG8=' };

describe('PutRecord', () => {
  it('puts a record into the shard of its key [one]', async () => {
    const { got, call } = await bench();
    const { status, document } = await call('PutRecord', RECORD);
    const [[shardIndex, record]] = got as [[number, KinesisRecord]];
    expect([status, document]).toEqual([
      200,
      {
        ShardId: `shardId-00000000000${shardIndex}`,
        SequenceNumber: record.sequenceNumber,
        EncryptionType: 'NONE',
      },
    ]);
    expect(record).toMatchObject({
      partitionKey: 'a',
      data: Buffer.from('hello'),
      arrivedUnixMs: 1_545_084_650_987,
      sequenceNumber: expect.stringMatching(/^\d{56}$/) as string,
    });
  });

  it('speaks HTTP/2 without TLS too, as the SDK does', async () => {
    const { got } = await bench();
    const session = connect(server!.endpoint);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Kinesis_20131202.PutRecord',
    });
    stream.end(JSON.stringify(RECORD));
    const status = await new Promise((resolve) =>
      stream.on('response', (headers) => resolve(headers[':status'])),
    );
    session.close();
    expect([status, got.length]).toEqual([200, 1]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['ResourceNotFoundException', { ...RECORD, StreamName: 'other' }],
    ['ValidationException', { ...RECORD, StreamName: undefined }],
    ['ValidationException', { ...RECORD, PartitionKey: '' }],
    ['ValidationException', { ...RECORD, PartitionKey: 'x'.repeat(257) }],
    ['ValidationException', { ...RECORD, Data: undefined }],
    ['ValidationException', { ...RECORD, Data: Buffer.alloc(1024 * 1024 + 1).toString('base64') }],
    ['InvalidArgumentException', { ...RECORD, ExplicitHashKey: String(LAST_HASH_KEY + 1n) }],
  ])('is refused with %s [one]', async (code, parameters) => {
    const { got, call } = await bench();
    const { status, document } = await call('PutRecord', parameters);
    expect([status, got]).toEqual([400, []]);
    expect(document).toMatchObject({ __type: code });
  });
});

describe('PutRecords', () => {
  it('puts records by their keys or hash keys, with rising sequence numbers [many]', async () => {
    const { got, call } = await bench();
    const { document } = await call('PutRecords', {
      StreamARN: 'arn:aws:kinesis:eu-central-1:123456789012:stream/clicks',
      Records: [
        { PartitionKey: 'a', Data: '', ExplicitHashKey: '0' },
        { PartitionKey: 'a', Data: '', ExplicitHashKey: String(LAST_HASH_KEY) },
      ],
    });
    expect(document).toMatchObject({
      FailedRecordCount: 0,
      Records: [{ ShardId: 'shardId-000000000000' }, { ShardId: 'shardId-000000000001' }],
    });
    const [first, second] = got.map(([, { sequenceNumber }]) => BigInt(sequenceNumber));
    expect(second! > first!).toBe(true);
  });

  it.each([
    ['ValidationException', []],
    ['ValidationException', Array.from({ length: 501 }, () => ({ PartitionKey: 'a', Data: '' }))],
    [
      'InvalidArgumentException',
      Array.from({ length: 11 }, () => ({
        PartitionKey: 'a',
        Data: Buffer.alloc(1024 * 1024).toString('base64'),
      })),
    ],
  ])('is refused with %s [many]', async (code, Records) => {
    const { got, call } = await bench();
    const { document } = await call('PutRecords', { StreamName: 'clicks', Records });
    expect(document).toMatchObject({ __type: code });
    expect(got).toEqual([]);
  });
});

it('describes what is there', async () => {
  const { call } = await bench();
  expect((await call('ListStreams', {})).document).toMatchObject({ StreamNames: ['clicks'] });
  expect((await call('DescribeStreamSummary', { StreamName: 'clicks' })).document).toMatchObject({
    StreamDescriptionSummary: { StreamStatus: 'ACTIVE', OpenShardCount: 2 },
  });
  expect((await call('ListShards', { StreamName: 'clicks' })).document).toMatchObject({
    Shards: [
      { HashKeyRange: { StartingHashKey: '0' } },
      { HashKeyRange: { EndingHashKey: String(LAST_HASH_KEY) } },
    ],
  });
});

it.each([
  ['GetRecords', {}, 'UnknownOperationException'],
  ['PutRecord', { origin: 'https://evil.example' }, 'AccessDeniedException'],
])('refuses %s with %j', async (action, headers, code) => {
  const { got, call } = await bench();
  expect((await call(action, RECORD, headers)).document).toMatchObject({ __type: code });
  expect(got).toEqual([]);
});

it.each([1, 2, 3, 7])('%i shards share all hash keys, without gap or overlap', (shards) => {
  let next = 0n;
  for (let index = 0; index < shards; index++) {
    const [first, last] = toHashKeyRange(index, shards);
    expect(first).toBe(next);
    expect(toShardIndex('', String(first), shards)).toBe(index);
    expect(toShardIndex('', String(last), shards)).toBe(index);
    next = last + 1n;
  }
  expect(next).toBe(LAST_HASH_KEY + 1n);
});
