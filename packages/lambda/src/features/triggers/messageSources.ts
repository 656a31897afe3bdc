import { DYNAMO_DB } from './dynamoDb.ts';
import { KAFKA } from './kafka.ts';
import { KINESIS } from './kinesis.ts';
import { toBatchTrigger } from './message.ts';
import type { MessageSource } from './message.ts';
import { S3 } from './s3.ts';
import { SNS } from './sns.ts';
import { SQS } from './sqs.ts';
import { toRecord } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/** By the name that a record gives to its source. A map: a record could name anything that objects inherit. */
const SOURCES: ReadonlyMap<unknown, MessageSource> = new Map([
  ['aws:sqs', SQS],
  ['aws:sns', SNS],
  ['aws:kinesis', KINESIS],
  ['aws:dynamodb', DYNAMO_DB],
  ['aws:s3', S3],
]);

/**
 * The source of one record.
 *
 * @param record an item of an event's `Records`, or of a batch of Kafka
 */
export function findSource(record: EventRecord): MessageSource | undefined {
  const source = SOURCES.get(record['eventSource'] ?? record['EventSource']);
  return source ?? (typeof record['offset'] === 'number' && 'topic' in record ? KAFKA : undefined);
}

/**
 * Batches of records: in an event's `Records`, or from a pipe as a list alone.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-targets-specifics.html
 */
export function parseRecords(event: EventRecord): Trigger | undefined {
  const list = Array.isArray(event) ? event : event['Records'];
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const source = findSource(toRecord((list as unknown[])[0]));
  if (!source) return undefined;
  const records = (list as unknown[]).map(toRecord);
  return source.toTrigger?.(records) ?? toBatchTrigger(source, records);
}
