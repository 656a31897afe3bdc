import { MESSAGING_MESSAGE_ID } from '@clickspan/shared/attributes';
import { parseXrayHeader } from '../../platform/xrayHeader.ts';
import { readAttributes, readEnvelope } from './carrier.ts';
import { toResourceName } from './message.ts';
import type { Message, MessageSource } from './message.ts';
import { toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';

/**
 * Messages of an SQS queue.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export const SQS: MessageSource = {
  name: 'sqs',
  system: 'aws_sqs',
  parse: (record) => {
    const id = toText(record['messageId']);
    return {
      id,
      destination: toResourceName(toText(record['eventSourceARN'])),
      ...readSender(record),
      attributes: { [MESSAGING_MESSAGE_ID]: id },
    };
  },
};

/**
 * The context that a sender wrote: its own message attributes first, to which a topic adds those of raw notifications;
 * then what a topic or an event bus has wrapped; then the attribute that SQS itself carries.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
 */
function readSender(record: EventRecord): Pick<Message, 'sender' | 'fromOutside'> {
  const told = readAttributes(record['messageAttributes'], 'stringValue');
  const wrapped = told ? undefined : readEnvelope(record['body']);
  if (wrapped) return { sender: wrapped, fromOutside: true };
  return { sender: told ?? parseXrayHeader(toText(toRecord(record['attributes'])['AWSTraceHeader'])) };
}
