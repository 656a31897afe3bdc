import type { StreamRecord } from './shardSource.ts';

/** A record of a data stream. */
export interface KinesisRecord extends StreamRecord {
  readonly partitionKey: string;
  readonly data: Buffer;
}

/**
 * Makes the event that a data stream hands to a function, by the Lambda developer guide, "Using Lambda to process records
 * from Amazon Kinesis Data Streams".
 *
 * @param records one batch of one shard
 * @param shard the shard and its stream
 */
export function toKinesisEvent(
  records: readonly KinesisRecord[],
  shard: {
    readonly shardId: string;
    readonly streamArn: string;
    readonly region: string;
    readonly accountId: string;
  },
): { Records: unknown[] } {
  const { shardId, streamArn, region, accountId } = shard;
  return {
    Records: records.map(({ partitionKey, sequenceNumber, data, arrivedUnixMs }) => ({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey,
        sequenceNumber,
        data: data.toString('base64'),
        approximateArrivalTimestamp: Math.floor(arrivedUnixMs) / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shardId}:${sequenceNumber}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: `arn:aws:iam::${accountId}:role/lambda-role`,
      awsRegion: region,
      eventSourceARN: streamArn,
    })),
  };
}
