import { AwsJsonError, answerAwsJson } from '../../platform/awsJson.ts';
import type { AwsJsonCall } from '../../platform/awsJson.ts';
import type { Clock } from '../../platform/clock.ts';
import { startDualLoopbackServer } from '../../platform/dualLoopbackServer.ts';
import { isObject } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';
import type { KinesisRecord } from './kinesisEvent.ts';
import { createSequence, toHashKeyRange, toShardId, toShardIndex } from './shards.ts';

/** A data stream that the stand-in serves. */
export interface ServedStream {
  readonly name: string;
  readonly arn: string;
  readonly shards: number;
  readonly createdUnixMs: number;
  readonly onRecord: (shardIndex: number, record: KinesisRecord) => void;
}

/** The stand-in for Kinesis, listening. */
export interface KinesisServer {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

interface Kinesis {
  readonly streams: readonly ServedStream[];
  readonly accountId: string;
  readonly clock: Clock;
  readonly nextSequenceNumber: () => string;
}

type KinesisAction = (parameters: JsonObject, kinesis: Kinesis) => unknown;

// Kinesis API reference, PutRecord and PutRecords.
const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_RECORDS = 500;
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
/** The same as base64 within JSON. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const ACTIONS: Readonly<Record<string, KinesisAction>> = {
  PutRecord: (parameters, kinesis) => {
    const stream = streamOf(parameters, kinesis);
    return { ...put(stream, parseRecord(parameters), kinesis), EncryptionType: 'NONE' };
  },
  PutRecords: (parameters, kinesis) => {
    const stream = streamOf(parameters, kinesis);
    const records = parseRecords(parameters);
    const results = records.map((record) => put(stream, record, kinesis));
    return { FailedRecordCount: 0, Records: results, EncryptionType: 'NONE' };
  },
  ListStreams: (_, { streams }) => ({
    StreamNames: streams.map(({ name }) => name),
    HasMoreStreams: false,
  }),
  DescribeStreamSummary: (parameters, kinesis) => {
    const { name, arn, shards, createdUnixMs } = streamOf(parameters, kinesis);
    return {
      StreamDescriptionSummary: {
        StreamName: name,
        StreamARN: arn,
        StreamStatus: 'ACTIVE',
        RetentionPeriodHours: 24,
        StreamCreationTimestamp: Math.floor(createdUnixMs / 1000),
        EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
        EncryptionType: 'NONE',
        OpenShardCount: shards,
        ConsumerCount: 0,
      },
    };
  },
  ListShards: (parameters, kinesis) => ({ Shards: listShards(streamOf(parameters, kinesis).shards) }),
};

/**
 * Starts the stand-in: AWS JSON 1.1 over HTTP/1.1 and HTTP/2, for the streams that it is given.
 *
 * @param options where, the streams, and the clock
 */
export async function startKinesisServer(options: {
  readonly port: number;
  readonly streams: readonly ServedStream[];
  readonly accountId: string;
  readonly clock: Clock;
}): Promise<KinesisServer> {
  const kinesis: Kinesis = { ...options, nextSequenceNumber: createSequence() };
  const run = ({ action: name, parameters }: AwsJsonCall): unknown => {
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (!action)
      throw new AwsJsonError('UnknownOperationException', `The stand-in for Kinesis does not know ${name}.`);
    return action(parameters, kinesis);
  };
  const server = await startDualLoopbackServer((request, response) => {
    answerAwsJson(request, response, {
      targetPrefix: 'Kinesis_20131202',
      maxBytes: MAX_BODY_BYTES,
      run,
    }).catch(() => response.destroy());
  }, options.port);
  return { endpoint: `http://${server.authority}`, stop: () => server.stop() };
}

interface PutRecord {
  readonly partitionKey: string;
  readonly explicitHashKey: string | undefined;
  readonly data: Buffer;
}

function put(
  { shards, onRecord }: ServedStream,
  { partitionKey, explicitHashKey, data }: PutRecord,
  { clock, nextSequenceNumber }: Kinesis,
): { SequenceNumber: string; ShardId: string } {
  const shardIndex = toShardIndex(partitionKey, explicitHashKey, shards);
  const sequenceNumber = nextSequenceNumber();
  const sizeBytes = Math.ceil(data.length / 3) * 4 + Buffer.byteLength(partitionKey);
  onRecord(shardIndex, { sequenceNumber, partitionKey, data, arrivedUnixMs: clock(), sizeBytes });
  return { SequenceNumber: sequenceNumber, ShardId: toShardId(shardIndex) };
}

function parseRecords(parameters: JsonObject): readonly PutRecord[] {
  const records = parameters['Records'];
  const count = Array.isArray(records) ? records.length : 0;
  if (!Array.isArray(records) || count === 0 || count > MAX_RECORDS)
    throw invalid(
      `1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length ${count === 0 ? 'greater than or equal to 1' : `less than or equal to ${MAX_RECORDS}`}`,
    );
  const parsed = records.map((record) => parseRecord(isObject(record) ? record : {}));
  const sizeBytes = parsed.reduce(
    (sum, { data, partitionKey }) => sum + data.length + partitionKey.length,
    0,
  );
  if (sizeBytes > MAX_REQUEST_BYTES)
    throw new AwsJsonError('InvalidArgumentException', 'Records size exceeds 10 MB limit');
  return parsed;
}

function parseRecord(record: JsonObject): PutRecord {
  const { Data: text, PartitionKey: partitionKey, ExplicitHashKey: explicitHashKey } = record;
  if (typeof partitionKey !== 'string' || partitionKey.length < 1 || partitionKey.length > 256)
    throw invalid(
      "1 validation error detected: Value at 'partitionKey' failed to satisfy constraint: Member must have length between 1 and 256",
    );
  if (typeof text !== 'string')
    throw invalid(
      "1 validation error detected: Value null at 'data' failed to satisfy constraint: Member must not be null",
    );
  const data = Buffer.from(text, 'base64');
  if (data.length > MAX_RECORD_BYTES)
    throw invalid(
      `1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to ${MAX_RECORD_BYTES}`,
    );
  if (explicitHashKey === undefined || explicitHashKey === null)
    return { partitionKey, data, explicitHashKey: undefined };
  if (
    typeof explicitHashKey !== 'string' ||
    !/^(0|[1-9]\d{0,38})$/.test(explicitHashKey) ||
    BigInt(explicitHashKey) >> 128n
  )
    throw new AwsJsonError(
      'InvalidArgumentException',
      'Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1].',
    );
  return { partitionKey, data, explicitHashKey };
}

function streamOf(parameters: JsonObject, { streams, accountId }: Kinesis): ServedStream {
  const { StreamName: name, StreamARN: arn } = parameters;
  const found = streams.find((stream) =>
    typeof arn === 'string' ? stream.arn === arn : stream.name === name,
  );
  if (found) return found;
  if (name === undefined && arn === undefined)
    throw invalid('Either StreamName or StreamARN must be provided.');
  const wanted = String(arn ?? name);
  throw new AwsJsonError(
    'ResourceNotFoundException',
    `Stream ${wanted.slice(wanted.lastIndexOf('/') + 1)} under account ${accountId} not found.`,
  );
}

function listShards(shards: number): readonly unknown[] {
  return Array.from({ length: shards }, (_, index) => {
    const [first, last] = toHashKeyRange(index, shards);
    return {
      ShardId: toShardId(index),
      HashKeyRange: { StartingHashKey: String(first), EndingHashKey: String(last) },
      SequenceNumberRange: { StartingSequenceNumber: createSequence()() },
    };
  });
}

function invalid(message: string): AwsJsonError {
  return new AwsJsonError('ValidationException', message);
}
