import { MESSAGING_DESTINATION_PARTITION_ID, MESSAGING_KAFKA_OFFSET } from '@clickspan/shared/attributes';
import { extractTraceContext } from '@clickspan/shared/traceContext';
import type { SpanContext } from '@opentelemetry/api';
import { toBatchTrigger } from './message.ts';
import type { MessageSource } from './message.ts';
import { toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/** A header that we read is no longer than that. */
const MAX_HEADER_BYTES = 1024;

/** Records of Kafka, of Amazon MSK or a cluster of one's own. */
export const KAFKA: MessageSource = {
  name: 'kafka',
  system: 'kafka',
  parse: (record) => {
    const { partition, offset } = record;
    const topic = toText(record['topic']);
    const isPlaced = typeof partition === 'number' && typeof offset === 'number';
    return {
      id: isPlaced && topic ? `${topic}-${partition}:${offset}` : undefined,
      destination: topic,
      sender: readSender(record['headers']),
      attributes: isPlaced
        ? { [MESSAGING_DESTINATION_PARTITION_ID]: String(partition), [MESSAGING_KAFKA_OFFSET]: offset }
        : {},
    };
  },
};

/**
 * Batches of Kafka: a list of records for each partition.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html
 */
export function parseKafka(event: EventRecord): Trigger | undefined {
  const { eventSource, records } = event;
  if (eventSource !== 'aws:kafka' && eventSource !== 'SelfManagedKafka') return undefined;
  const all = Object.values(toRecord(records)).flatMap((list) => (Array.isArray(list) ? list : []));
  return all.length > 0 ? toBatchTrigger(KAFKA, all.map(toRecord)) : undefined;
}

/** Headers are a list of objects with one name each, whose value is a list of bytes. */
function readSender(headers: unknown): SpanContext | undefined {
  if (!Array.isArray(headers)) return undefined;
  return extractTraceContext((name) =>
    (headers as unknown[])
      .map((header) => toRecord(header)[name])
      .filter((bytes) => bytes !== undefined)
      .map(toAscii),
  );
}

function toAscii(bytes: unknown): string {
  if (!Array.isArray(bytes) || bytes.length > MAX_HEADER_BYTES) return '';
  return bytes.every((byte) => typeof byte === 'number') ? Buffer.from(bytes).toString() : '';
}
