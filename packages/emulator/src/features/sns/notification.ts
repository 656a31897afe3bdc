import type { JsonObject } from '../../platform/json.ts';
import { parseJson } from '../../platform/json.ts';

/** An attribute of a message as the publisher attached it. */
export interface TopicAttribute {
  /** `String`, `String.Array`, `Number` or `Binary`. */
  readonly dataType: string;
  readonly stringValue?: string | undefined;
  readonly binaryValue?: Buffer | undefined;
}

export type TopicAttributes = Readonly<Record<string, TopicAttribute>>;

/** A message that was published. */
export interface Notification {
  readonly messageId: string;
  readonly topicArn: string;
  readonly subject: string | undefined;
  /** The text for each protocol that has one of its own, and for all others. */
  readonly messageFor: (protocol: 'lambda' | 'sqs') => string;
  readonly attributes: TopicAttributes;
  readonly publishedUnixMs: number;
  /** Of a FIFO topic. */
  readonly sequenceNumber?: string | undefined;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
}

/** Nobody signs in the emulator; the fields are there because readers expect them. */
const SIGNATURE = Buffer.from('the stand-in for SNS signs nothing').toString('base64');

/**
 * Makes the event that a subscribed function gets, by the Lambda developer guide, "Invoking Lambda functions with Amazon
 * SNS notifications".
 *
 * @param notification the message
 * @param subscriptionArn the subscription
 */
export function toSnsEvent(notification: Notification, subscriptionArn: string): { Records: unknown[] } {
  const { messageId, topicArn, subject, attributes, publishedUnixMs } = notification;
  return {
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: subscriptionArn,
        Sns: {
          Type: 'Notification',
          MessageId: messageId,
          TopicArn: topicArn,
          Subject: subject ?? null,
          Message: notification.messageFor('lambda'),
          Timestamp: new Date(publishedUnixMs).toISOString(),
          SignatureVersion: '1',
          Signature: SIGNATURE,
          SigningCertUrl: toCertificateUrl(topicArn),
          UnsubscribeUrl: toUnsubscribeUrl(topicArn, subscriptionArn),
          MessageAttributes: toEventAttributes(attributes),
        },
      },
    ],
  };
}

/**
 * Makes the body that a subscribed queue gets without raw message delivery, by the SNS developer guide, "Fanout to Amazon
 * SQS queues".
 *
 * @param notification the message
 * @param subscriptionArn the subscription
 */
export function toEnvelope(notification: Notification, subscriptionArn: string): Record<string, unknown> {
  const { messageId, topicArn, subject, attributes, publishedUnixMs, sequenceNumber } = notification;
  return {
    Type: 'Notification',
    MessageId: messageId,
    ...(sequenceNumber === undefined ? {} : { SequenceNumber: sequenceNumber }),
    TopicArn: topicArn,
    ...(subject === undefined ? {} : { Subject: subject }),
    Message: notification.messageFor('sqs'),
    Timestamp: new Date(publishedUnixMs).toISOString(),
    SignatureVersion: '1',
    Signature: SIGNATURE,
    SigningCertURL: toCertificateUrl(topicArn),
    UnsubscribeURL: toUnsubscribeUrl(topicArn, subscriptionArn),
    ...(Object.keys(attributes).length === 0 ? {} : { MessageAttributes: toEventAttributes(attributes) }),
  };
}

/**
 * Makes of attributes what a filter policy looks at: numbers as numbers, `String.Array` as its members.
 *
 * @param attributes the message's
 */
export function toFilterable(attributes: TopicAttributes): JsonObject {
  const entries = Object.entries(attributes)
    .filter(([, { dataType }]) => !dataType.startsWith('Binary'))
    .map(([name, { dataType, stringValue = '' }]) => {
      if (dataType.startsWith('Number')) return [name, Number(stringValue)] as const;
      if (dataType === 'String.Array') return [name, parseJson(stringValue) ?? []] as const;
      return [name, stringValue] as const;
    });
  return Object.fromEntries(entries);
}

function toEventAttributes(attributes: TopicAttributes): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, stringValue, binaryValue }]) => [
      name,
      { Type: dataType, Value: binaryValue?.toString('base64') ?? stringValue },
    ]),
  );
}

function toCertificateUrl(topicArn: string): string {
  return `https://sns.${topicArn.split(':')[3]}.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem`;
}

function toUnsubscribeUrl(topicArn: string, subscriptionArn: string): string {
  return `https://sns.${topicArn.split(':')[3]}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`;
}
