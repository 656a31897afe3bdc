import { MESSAGING_DESTINATION_PARTITION_ID, MESSAGING_MESSAGE_ID } from '@clickspan/shared/attributes';
import type { SpanContext } from '@opentelemetry/api';
import { parseObject, readCarrier, readEventBridgeEvent } from './carrier.ts';
import type { MessageSource } from './message.ts';
import { toRecord, toText } from './trigger.ts';

/** `traceparent` in base64: once for each of the three places at which it can begin in a group of three bytes. */
const ENCODED_TRACEPARENT = /dHJhY2VwYXJlb|RyYWNlcGFyZW50|0cmFjZXBhcmVud/;
/** Longer records are not decoded: the function is waiting. */
const MAX_DATA_CHARACTERS = 65_536;

/**
 * Records of a Kinesis stream, by event source mapping or, with fewer envelopes, by a pipe.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 */
export const KINESIS: MessageSource = {
  name: 'kinesis',
  system: 'aws.kinesis',
  parse: (record) => {
    const kinesis = record['kinesis'] === undefined ? record : toRecord(record['kinesis']);
    const id = toText(kinesis['sequenceNumber']);
    return {
      id,
      destination: /:stream\/([^/]+)/.exec(toText(record['eventSourceARN']) ?? '')?.[1],
      sender: readSender(kinesis['data']),
      fromOutside: true,
      attributes: {
        [MESSAGING_MESSAGE_ID]: id,
        // shardId-000000000006:4954…
        [MESSAGING_DESTINATION_PARTITION_ID]: toText(record['eventID'])?.split(':', 1)[0],
      },
    };
  },
};

/**
 * Kinesis has no place for a context beside the data. A sender who writes JSON objects can put a `traceparent` among their
 * fields; nothing else in the data is looked at, and nothing of it is kept. Data that cannot hold one is not decoded.
 */
function readSender(data: unknown): SpanContext | undefined {
  if (typeof data !== 'string' || data.length > MAX_DATA_CHARACTERS) return undefined;
  // An opening brace is an e; what is compressed or aggregated begins in another way.
  if (!data.startsWith('e') || !ENCODED_TRACEPARENT.test(data)) return undefined;
  const fields = parseObject(Buffer.from(data, 'base64').toString());
  // An event bus may have put its event there.
  return readCarrier(fields) ?? readEventBridgeEvent(fields);
}
