import { MESSAGING_MESSAGE_ID } from '@clickspan/shared/attributes';
import { readAttributes, readEnvelope } from './carrier.ts';
import { toResourceName } from './message.ts';
import type { MessageSource } from './message.ts';
import { toRecord, toText } from './trigger.ts';

/**
 * Notifications of an SNS topic; an event bus may have published them.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
 */
export const SNS: MessageSource = {
  name: 'sns',
  system: 'aws.sns',
  parse: (record) => {
    const notification = toRecord(record['Sns']);
    const id = toText(notification['MessageId']);
    const told = readAttributes(notification['MessageAttributes'], 'Value');
    return {
      id,
      destination: toResourceName(toText(notification['TopicArn'])),
      sender: told ?? readEnvelope(notification['Message']),
      fromOutside: !told,
      attributes: { [MESSAGING_MESSAGE_ID]: id },
    };
  },
};
