import {
  FAAS_DOCUMENT_COLLECTION,
  FAAS_DOCUMENT_NAME,
  FAAS_DOCUMENT_OPERATION,
  FAAS_DOCUMENT_TIME,
} from '@clickspan/shared/attributes';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import type { MessageSource } from './message.ts';
import { describeTrigger, toRecord, toText } from './trigger.ts';

/**
 * Changes in an S3 bucket. Who made them is nowhere told: an object's metadata, where a context could be, is no part of
 * the event.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export const S3: MessageSource = {
  name: 's3',
  system: undefined,
  parse: (record) => ({
    id: toText(toRecord(record['responseElements'])['x-amz-request-id']),
    destination: toText(toRecord(toRecord(record['s3'])['bucket'])['name']),
    sender: undefined,
    attributes: {},
  }),
  toTrigger: (records) => {
    const [first = {}] = records;
    const { bucket, object } = toRecord(first['s3']);
    const event = toText(first['eventName']);
    const single = records.length === 1;
    return {
      kind: KIND_SERVER,
      attributes: {
        ...describeTrigger('datasource', 's3', event),
        [FAAS_DOCUMENT_COLLECTION]: toText(toRecord(bucket)['name']),
        [FAAS_DOCUMENT_OPERATION]: event && toOperation(event),
        [FAAS_DOCUMENT_NAME]: single ? toKey(toText(toRecord(object)['key'])) : undefined,
        [FAAS_DOCUMENT_TIME]: single ? toText(first['eventTime']) : undefined,
      },
    };
  },
};

function toOperation(event: string): string {
  if (event.startsWith('ObjectCreated')) return 'insert';
  // ObjectRemoved:Delete, LifecycleExpiration:Delete, …
  return /Removed|Expiration:/.test(event) ? 'delete' : 'edit';
}

/** Keys come encoded as in a form. */
function toKey(key: string | undefined): string | undefined {
  try {
    return key && decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return key;
  }
}
