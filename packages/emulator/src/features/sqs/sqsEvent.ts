import { readItemFailures } from '../../platform/batchItemFailures.ts';
import type { MessageAttributes, ReceivedMessage } from './message.ts';
import { toSystemAttributes } from './message.ts';
import { toAttributesMd5, toBodyMd5 } from './messageDigest.ts';

/**
 * Makes the event that a queue hands to a function.
 *
 * @param messages one batch
 * @param queueArn the queue
 * @param region its region
 */
export function toSqsEvent(
  messages: readonly ReceivedMessage[],
  queueArn: string,
  region: string,
): { Records: unknown[] } {
  return {
    Records: messages.map((message) => {
      const attributesMd5 = toAttributesMd5(message.attributes);
      return {
        messageId: message.messageId,
        receiptHandle: message.receiptHandle,
        body: message.body,
        attributes: toSystemAttributes(message),
        messageAttributes: toEventAttributes(message.attributes),
        md5OfBody: toBodyMd5(message.body),
        ...(attributesMd5 === undefined ? {} : { md5OfMessageAttributes: attributesMd5 }),
        eventSource: 'aws:sqs',
        eventSourceARN: queueArn,
        awsRegion: region,
      };
    }),
  };
}

/** Camel case, and two lists that are always empty: the shape that functions see differs from the protocol's. */
function toEventAttributes(attributes: MessageAttributes): Record<string, unknown> {
  const entries = Object.entries(attributes).map(([name, { dataType, stringValue, binaryValue }]) => {
    const value = binaryValue ? { binaryValue: binaryValue.toString('base64') } : { stringValue };
    return [name, { ...value, stringListValues: [], binaryListValues: [], dataType }];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/**
 * Reads which messages of a batch a function reports as failed.
 *
 * @param payload what it returned
 * @param messages the batch
 * @returns the message ids that shall come again; all of them when the report cannot be read or names a stranger
 */
export function toFailedIds(payload: Buffer, messages: readonly ReceivedMessage[]): ReadonlySet<string> {
  const all = new Set(messages.map(({ messageId }) => messageId));
  const ids = readItemFailures(payload);
  if (!ids) return all;
  return ids.every((id): id is string => typeof id === 'string' && all.has(id)) ? new Set(ids) : all;
}
