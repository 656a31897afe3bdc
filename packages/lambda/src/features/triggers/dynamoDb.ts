import {
  FAAS_DOCUMENT_COLLECTION,
  FAAS_DOCUMENT_OPERATION,
  FAAS_DOCUMENT_TIME,
  MESSAGING_MESSAGE_ID,
} from '@clickspan/shared/attributes';
import { extractTraceContext } from '@clickspan/shared/traceContext';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import type { SpanContext } from '@opentelemetry/api';
import { readSenders } from './message.ts';
import type { MessageSource } from './message.ts';
import { describeTrigger, toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['INSERT', 'insert'],
  ['MODIFY', 'edit'],
  ['REMOVE', 'delete'],
]);

/**
 * Changes of a DynamoDB table, from its stream.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export const DYNAMO_DB: MessageSource = {
  name: 'dynamodb',
  system: 'aws.dynamodb',
  parse: (record) => {
    const id = toText(toRecord(record['dynamodb'])['SequenceNumber']);
    return {
      id,
      destination: toTable(record),
      sender: readSender(record),
      fromOutside: true,
      attributes: { [MESSAGING_MESSAGE_ID]: id },
    };
  },
  toTrigger: (records) => {
    const { parent, links, first } = readSenders(DYNAMO_DB, records);
    const event = toText(records[0]!['eventName']);
    const uniform = event && records.every(({ eventName }) => eventName === event) ? event : undefined;
    return {
      kind: KIND_SERVER,
      attributes: {
        ...describeTrigger('datasource', 'dynamodb', uniform),
        [FAAS_DOCUMENT_COLLECTION]: first.destination,
        [FAAS_DOCUMENT_OPERATION]: uniform && OPERATIONS.get(uniform),
        [FAAS_DOCUMENT_TIME]: records.length === 1 ? toTime(records[0]!) : undefined,
      },
      parent,
      fromOutside: parent && true,
      links,
      batch: true,
    };
  },
};

/**
 * A change has no place for a context but the item itself. An item keeps its attributes when others change it, so a
 * `traceparent` is of this change only where the item is new, or where the one before it is known to have had another.
 */
function readSender(record: EventRecord): SpanContext | undefined {
  const { NewImage: image, OldImage: before } = toRecord(record['dynamodb']);
  const written = toItemText(image, 'traceparent');
  const isNew =
    record['eventName'] === 'INSERT' ||
    (record['eventName'] === 'MODIFY' &&
      before !== undefined &&
      toItemText(before, 'traceparent') !== written);
  return written && isNew ? extractTraceContext((name) => toItemText(image, name)) : undefined;
}

function toItemText(image: unknown, name: string): string | undefined {
  return toText(toRecord(toRecord(image)[name])['S']);
}

/** arn:aws:dynamodb:region:account:table/name/stream/time */
function toTable(record: EventRecord): string | undefined {
  return /:table\/([^/]+)/.exec(toText(record['eventSourceARN']) ?? '')?.[1];
}

function toTime(record: EventRecord): string | undefined {
  const seconds = toRecord(record['dynamodb'])['ApproximateCreationDateTime'];
  const date = new Date(typeof seconds === 'number' ? seconds * 1000 : NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
