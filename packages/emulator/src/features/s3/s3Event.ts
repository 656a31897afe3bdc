import type { ObjectEventName } from './bucketConfig.ts';

/** What has happened to an object. */
export interface ObjectEvent {
  readonly eventName: ObjectEventName;
  readonly bucket: string;
  readonly key: string;
  /** Of an object that was put. */
  readonly size?: number | undefined;
  readonly eTag?: string | undefined;
  /** Rises with each event. */
  readonly sequencer: string;
  readonly requestId: string;
  readonly atUnixMs: number;
}

/** Whoever changes objects in the emulator is this one. */
const PRINCIPAL = 'AIDAEMULATOREMULATOR0';

/**
 * Makes the event that a function or a queue is told of an object by, by the S3 user guide, "Event message structure".
 *
 * @param event what has happened
 * @param region the bucket's
 * @param configurationId which of the bucket's notifications it is
 */
export function toS3Event(
  event: ObjectEvent,
  region: string,
  configurationId: string,
): { Records: unknown[] } {
  const { bucket, size, eTag, requestId } = event;
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: region,
        eventTime: new Date(event.atUnixMs).toISOString(),
        eventName: event.eventName,
        userIdentity: { principalId: `AWS:${PRINCIPAL}` },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: {
          'x-amz-request-id': requestId,
          'x-amz-id-2': Buffer.from(requestId).toString('base64'),
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId,
          bucket: {
            name: bucket,
            ownerIdentity: { principalId: PRINCIPAL },
            arn: `arn:aws:s3:::${bucket}`,
          },
          object: {
            key: toEventKey(event.key),
            ...(size === undefined ? {} : { size }),
            ...(eTag === undefined ? {} : { eTag }),
            sequencer: event.sequencer,
          },
        },
      },
    ],
  };
}

/** "The key name is URL encoded": as a form would, but for slashes. */
function toEventKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
}
