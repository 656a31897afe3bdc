import {
  FAAS_TRIGGER,
  MESSAGING_BATCH_MESSAGE_COUNT,
  MESSAGING_DESTINATION_NAME,
  MESSAGING_MESSAGE_ID,
  MESSAGING_OPERATION_NAME,
  MESSAGING_OPERATION_TYPE,
  MESSAGING_SYSTEM,
} from '@clickspan/shared/attributes';
import { extractTraceContext } from '@clickspan/shared/traceContext';
import { KIND_CONSUMER } from '@clickspan/shared/tracer';
import type { SpanContext } from '@opentelemetry/api';
import { toRecord, toText } from './trigger.ts';
import type { EventRecord, Trigger } from './trigger.ts';
import { parseXrayHeader } from '../../platform/xrayHeader.ts';

/**
 * Messages of an SQS queue. One message continues its sender's trace; several begin a new trace with a link to each
 * sender, since no one of them is the cause.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export function parseSqs(event: EventRecord): Trigger | undefined {
  const records = Array.isArray(event['Records']) ? (event['Records'] as unknown[]).map(toRecord) : [];
  const [first] = records;
  if (first?.['eventSource'] !== 'aws:sqs') return undefined;
  const queue = toText(first['eventSourceARN'])?.split(':').pop();
  const senders = records.map(parseSender).filter((context) => context !== undefined);
  const single = records.length === 1;
  return {
    name: queue ? `${queue} process` : 'process',
    kind: KIND_CONSUMER,
    attributes: {
      [FAAS_TRIGGER]: 'pubsub',
      [MESSAGING_SYSTEM]: 'aws_sqs',
      [MESSAGING_OPERATION_NAME]: 'process',
      [MESSAGING_OPERATION_TYPE]: 'process',
      [MESSAGING_DESTINATION_NAME]: queue,
      [MESSAGING_BATCH_MESSAGE_COUNT]: records.length,
      [MESSAGING_MESSAGE_ID]: single ? toText(first['messageId']) : undefined,
    },
    parent: single ? senders[0] : undefined,
    links: single ? [] : senders.map((context) => ({ context })),
  };
}

/** The context that a sender wrote: its own message attributes first, then the attribute that SQS itself carries. */
function parseSender(record: EventRecord): SpanContext | undefined {
  const attributes = toRecord(record['messageAttributes']);
  const text = (name: string): string | undefined => toText(toRecord(attributes[name])['stringValue']);
  return (
    extractTraceContext(text) ?? parseXrayHeader(toText(toRecord(record['attributes'])['AWSTraceHeader']))
  );
}
