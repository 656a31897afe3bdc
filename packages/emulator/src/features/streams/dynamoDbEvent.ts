import { createHash } from 'node:crypto';
import type { JsonObject } from '../../platform/json.ts';
import type { StreamRecord } from './shardSource.ts';
import type { StreamViewType } from './streamConfig.ts';

/** A change of a table's item; keys and images are attribute values, such as `{ id: { S: 'a' } }`. */
export interface TableChange {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys: JsonObject;
  readonly newImage?: JsonObject | undefined;
  readonly oldImage?: JsonObject | undefined;
  /** What removed the item, if it was DynamoDB itself because of its time to live. */
  readonly userIdentity?: { readonly type: string; readonly principalId: string } | undefined;
}

/** A record of a table's stream. */
export interface TableRecord extends StreamRecord {
  readonly change: TableChange;
}

/** The size that DynamoDB counts: names and values, roughly as JSON. */
export function toChangeBytes({ keys, newImage = {}, oldImage = {} }: TableChange): number {
  return [keys, newImage, oldImage].reduce((sum, item) => sum + Buffer.byteLength(JSON.stringify(item)), 0);
}

/**
 * Makes the event that a table's stream hands to a function, by the Lambda developer guide, "Using AWS Lambda with Amazon
 * DynamoDB".
 *
 * @param records one batch
 * @param stream the stream, and what of an item it shows
 */
export function toDynamoDbEvent(
  records: readonly TableRecord[],
  stream: { readonly streamArn: string; readonly region: string; readonly viewType: StreamViewType },
): { Records: unknown[] } {
  const { streamArn, region, viewType } = stream;
  const showsNew = viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
  const showsOld = viewType === 'OLD_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
  return {
    Records: records.map(({ sequenceNumber, arrivedUnixMs, sizeBytes, change }) => ({
      eventID: createHash('md5').update(`${streamArn}${sequenceNumber}`).digest('hex'),
      eventName: change.eventName,
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: region,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(arrivedUnixMs / 1000),
        Keys: change.keys,
        ...(showsNew && change.newImage ? { NewImage: change.newImage } : {}),
        ...(showsOld && change.oldImage ? { OldImage: change.oldImage } : {}),
        SequenceNumber: sequenceNumber,
        SizeBytes: sizeBytes,
        StreamViewType: viewType,
      },
      ...(change.userIdentity ? { userIdentity: change.userIdentity } : {}),
      eventSourceARN: streamArn,
    })),
  };
}
