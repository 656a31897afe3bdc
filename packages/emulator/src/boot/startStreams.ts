import { randomUUID } from 'node:crypto';
import type { Places } from '../features/environment/functionConfig.ts';
import { toChangeBytes, toDynamoDbEvent } from '../features/streams/dynamoDbEvent.ts';
import type { TableChange, TableRecord } from '../features/streams/dynamoDbEvent.ts';
import { toKinesisEvent } from '../features/streams/kinesisEvent.ts';
import type { KinesisRecord } from '../features/streams/kinesisEvent.ts';
import { startKinesisServer } from '../features/streams/kinesisServer.ts';
import type { ServedStream } from '../features/streams/kinesisServer.ts';
import { isWantedRecord } from '../features/streams/recordFilter.ts';
import { createSequence, toShardId } from '../features/streams/shards.ts';
import { createShardSource } from '../features/streams/shardSource.ts';
import type { Discarded, ShardSource, StreamOutcome, StreamRecord } from '../features/streams/shardSource.ts';
import { refuseStreamFaults, refuseTableStreamFaults } from '../features/streams/streamConfig.ts';
import type { StreamConfig, StreamMapping, TableStreamConfig } from '../features/streams/streamConfig.ts';
import { EmulatorError } from '../emulatorError.ts';
import { refuseTwice } from '../platform/optionFaults.ts';
import { refuseFifoTarget, refuseUnknownTarget } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import type { Wiring } from './wiring.ts';

/** Kinesis's stand-in, and the way into the streams of tables. */
export interface RunningStreams {
  readonly places: Pick<Places, 'kinesisEndpoint'>;
  /** Throws when there is no such table. */
  putStreamRecords(table: string, changes: readonly TableChange[]): void;
}

/**
 * Starts the stand-in for Kinesis, the streams of DynamoDB tables, and what hands their records to functions.
 *
 * @param options what is configured
 * @param wiring the rest of the emulator
 * @param delivery the way to queues
 * @returns what runs; throws an EmulatorError that names a stream which contradicts itself
 */
export async function startStreams(
  options: EmulatorOptions,
  wiring: Wiring,
  delivery: Delivery,
): Promise<RunningStreams> {
  const { streams = [], tableStreams = [], kinesisPort = 0 } = options;
  for (const config of streams) refuseStreamFaults(config);
  for (const config of tableStreams) refuseTableStreamFaults(config);
  for (const { function: functionName, onFailure } of [...streams, ...tableStreams])
    refuseUnknownTarget(options, wiring, { function: functionName, queue: onFailure });
  // https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html: a standard queue.
  for (const { onFailure: queue } of [...streams, ...tableStreams])
    refuseFifoTarget('onFailure of a stream', { queue });
  refuseTwice('stream', streams);
  refuseTwice(
    'stream of table',
    tableStreams.map(({ table }) => ({ name: table })),
  );
  const tables = new Map(tableStreams.map((config) => [config.table, createTable(config, wiring, delivery)]));
  return {
    places: { kinesisEndpoint: await startKinesis(streams, kinesisPort, wiring, delivery) },
    putStreamRecords: (table, changes) => {
      const push = tables.get(table);
      if (!push) throw new EmulatorError('CLICKSPAN_EMULATOR_UNKNOWN', `no stream of a table ${table}`);
      for (const change of changes) push(change);
    },
  };
}

async function startKinesis(
  configs: readonly StreamConfig[],
  port: number,
  wiring: Wiring,
  delivery: Delivery,
): Promise<string | undefined> {
  if (configs.length === 0) return undefined;
  const { accountId, region } = wiring.account;
  const streams = configs.map((config): ServedStream => {
    const { name, shards = 1 } = config;
    const arn = `arn:aws:kinesis:${region}:${accountId}:stream/${name}`;
    const sources = Array.from({ length: shards }, (_, index) => {
      const shardId = toShardId(index);
      return startSource<KinesisRecord>(config, wiring, delivery, {
        infoName: 'KinesisBatchInfo',
        info: { shardId, streamArn: arn },
        toEvent: (records) => toKinesisEvent(records, { shardId, streamArn: arn, region, accountId }),
      });
    });
    return {
      name,
      arn,
      shards,
      createdUnixMs: wiring.clock(),
      onRecord: (index, record) => sources[index]?.push(record),
    };
  });
  const server = await startKinesisServer({ port, streams, accountId, clock: wiring.clock });
  wiring.keep(() => server.stop());
  return server.endpoint;
}

/** A table has one shard here: all its changes come in order. */
function createTable(
  config: TableStreamConfig,
  wiring: Wiring,
  delivery: Delivery,
): (change: TableChange) => void {
  const { accountId, region } = wiring.account;
  const label = new Date(wiring.clock()).toISOString().slice(0, 23);
  const streamArn = `arn:aws:dynamodb:${region}:${accountId}:table/${config.table}/stream/${label}`;
  const viewType = config.viewType ?? 'NEW_AND_OLD_IMAGES';
  const nextSequenceNumber = createSequence();
  const source = startSource<TableRecord>(config, wiring, delivery, {
    infoName: 'DDBStreamBatchInfo',
    info: { shardId: toShardId(0), streamArn },
    toEvent: (records) => toDynamoDbEvent(records, { streamArn, region, viewType }),
  });
  return (change) =>
    source?.push({
      change,
      sequenceNumber: nextSequenceNumber(),
      arrivedUnixMs: wiring.clock(),
      sizeBytes: toChangeBytes(change),
    });
}

interface SourceKind<R> {
  /** What the record of a batch that was given up calls its facts. */
  readonly infoName: string;
  readonly info: Readonly<Record<string, string>>;
  readonly toEvent: (records: readonly R[]) => { readonly Records: readonly unknown[] };
}

function startSource<R extends StreamRecord>(
  mapping: StreamMapping,
  wiring: Wiring,
  delivery: Delivery,
  kind: SourceKind<R>,
): ShardSource<R> | undefined {
  const { function: functionName, onFailure } = mapping;
  if (functionName === undefined) return undefined;
  const { region, accountId } = wiring.account;
  const source = createShardSource<R>({
    mapping,
    clock: wiring.clock,
    invoke: async (records): Promise<StreamOutcome> => {
      const requestId = randomUUID();
      const payload = Buffer.from(JSON.stringify(kind.toEvent(records)));
      const traceId = wiring.toTraceId(undefined);
      return { ...(await wiring.invoke(functionName, { payload, requestId, traceId })), requestId };
    },
    onDiscarded: (discarded) => {
      const functionArn = `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
      const record = toDiscardedRecord(discarded, kind, functionArn, wiring.clock());
      if (onFailure !== undefined) delivery.send(onFailure, { body: JSON.stringify(record) });
    },
  });
  wiring.keep(async () => source.stop());
  const { filterPatterns = [] } = mapping;
  return {
    ...source,
    push: (record) => {
      if (isWantedRecord(kind.toEvent([record]).Records[0], filterPatterns)) source.push(record);
    },
  };
}

/** What an on-failure destination is told: where the batch is, not what is in it. */
function toDiscardedRecord<R extends StreamRecord>(
  { records, condition, requestId, invokeCount }: Discarded<R>,
  { infoName, info }: SourceKind<R>,
  functionArn: string,
  nowUnixMs: number,
): Record<string, unknown> {
  const first = records[0]!;
  const last = records.at(-1)!;
  return {
    requestContext: {
      requestId: requestId ?? randomUUID(),
      functionArn,
      condition,
      approximateInvokeCount: invokeCount,
    },
    ...(condition === 'RetryAttemptsExhausted'
      ? { responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' } }
      : {}),
    version: '1.0',
    timestamp: new Date(nowUnixMs).toISOString(),
    [infoName]: {
      ...info,
      startSequenceNumber: first.sequenceNumber,
      endSequenceNumber: last.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(first.arrivedUnixMs).toISOString(),
      approximateArrivalOfLastRecord: new Date(last.arrivedUnixMs).toISOString(),
      batchSize: records.length,
    },
  };
}
