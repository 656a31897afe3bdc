import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from '../../../../../test/support/httpClient.ts';
import type { HttpAnswer } from '../../../../../test/support/httpClient.ts';
import { createFifoTopic } from './fifoTopic.ts';
import { toEnvelope, toFilterable, toSnsEvent } from './notification.ts';
import type { Notification } from './notification.ts';
import { startSnsServer } from './snsServer.ts';
import type { SnsServer } from './snsServer.ts';
import { refuseTopicFaults } from './topicConfig.ts';

// Sources:
// [publish] https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
// [batch] https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
// [event] https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
// [fifo] https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html
// [dedup] https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
// [delivery] https://docs.aws.amazon.com/sns/latest/dg/fifo-topic-message-delivery.html
// [envelope] https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html

const ARN = 'arn:aws:sns:eu-central-1:123456789012:orders';
const FIFO = `${ARN}.fifo`;
const BY_CONTENT = `${ARN}-by-content.fifo`;
let server: SnsServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

interface Bench {
  readonly advance: (ms: number) => void;
  readonly published: [Notification, string | undefined][];
  readonly call: (
    parameters: Record<string, string>,
    headers?: Record<string, string>,
  ) => Promise<HttpAnswer>;
}

async function bench(): Promise<Bench> {
  const published: [Notification, string | undefined][] = [];
  let nowUnixMs = Date.UTC(2026, 10, 23, 12);
  server = await startSnsServer({
    port: 0,
    topics: [
      { arn: ARN, fifo: undefined },
      { arn: FIFO, fifo: createFifoTopic(false, () => nowUnixMs) },
      { arn: BY_CONTENT, fifo: createFifoTopic(true, () => nowUnixMs) },
    ],
    clock: () => nowUnixMs,
    onPublish: (...call) => void published.push(call),
  });
  const { endpoint } = server;
  const call: Bench['call'] = (parameters, headers = {}) =>
    sendHttp(`${endpoint}/`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(parameters).toString(),
    });
  const advance = (ms: number): void => {
    nowUnixMs += ms;
  };
  return { published, call, advance };
}

const publish = (more: Record<string, string>): Record<string, string> => ({
  Action: 'Publish',
  Version: '2010-03-31',
  TopicArn: ARN,
  ...more,
});

const ATTRIBUTES = {
  'MessageAttributes.entry.1.Name': 'kind',
  'MessageAttributes.entry.1.Value.DataType': 'String',
  'MessageAttributes.entry.1.Value.StringValue': 'order',
  'MessageAttributes.entry.2.Name': 'bytes',
  'MessageAttributes.entry.2.Value.DataType': 'Binary',
  'MessageAttributes.entry.2.Value.BinaryValue': 'AP8=',
};

describe('Publish', () => {
  it('takes a message and answers with its id [publish]', async () => {
    const { published, call } = await bench();
    const { status, body } = await call(publish({ Message: 'a ✓', Subject: 'news', ...ATTRIBUTES }), {
      'x-amzn-trace-id': 'Root=1-a-b',
    });
    expect(status).toBe(200);
    const [[notification, traceHeader]] = published as [[Notification, string]];
    expect(body).toContain(`<PublishResult><MessageId>${notification.messageId}</MessageId></PublishResult>`);
    expect(notification).toMatchObject({
      topicArn: ARN,
      subject: 'news',
      attributes: {
        kind: { dataType: 'String', stringValue: 'order' },
        bytes: { dataType: 'Binary', binaryValue: Buffer.from([0, 255]) },
      },
    });
    expect([notification.messageFor('sqs'), traceHeader]).toEqual(['a ✓', 'Root=1-a-b']);
  });

  it('takes a text for each protocol [publish]', async () => {
    const { published, call } = await bench();
    await call(publish({ Message: '{"default":"d","lambda":"l"}', MessageStructure: 'json' }));
    const [notification] = published[0]!;
    expect([notification.messageFor('lambda'), notification.messageFor('sqs')]).toEqual(['l', 'd']);
  });

  it.each<[number, string, string, Record<string, string>]>([
    [404, 'NotFound', 'Topic does not exist', { TopicArn: `${ARN}x`, Message: 'a' }],
    [400, 'InvalidParameter', 'Invalid parameter: TopicArn', { TopicArn: 'orders', Message: 'a' }],
    [400, 'InvalidParameter', 'Invalid parameter: Empty message', { Message: '' }],
    [400, 'InvalidParameter', 'Invalid parameter: Message too long', { Message: 'x'.repeat(262_145) }],
    [400, 'InvalidParameter', 'Invalid parameter: Subject', { Message: 'a', Subject: 'x'.repeat(100) }],
    [
      400,
      'InvalidParameter',
      'Invalid parameter: Message Structure - No default entry in JSON message body',
      { Message: '{}', MessageStructure: 'json' },
    ],
    [
      400,
      'ParameterValueInvalid',
      "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.",
      {
        Message: 'a',
        'MessageAttributes.entry.1.Name': 'a',
        'MessageAttributes.entry.1.Value.DataType': 'String',
      },
    ],
    [400, 'InvalidAction', 'The stand-in for SNS does not know Subscribe.', { Action: 'Subscribe' }],
  ])('is refused with %i %s: %s [publish]', async (status, code, message, parameters) => {
    const { published, call } = await bench();
    const answer = await call(publish(parameters));
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(
      `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`,
    );
    expect(published).toEqual([]);
  });

  it('is refused to a web page', async () => {
    const { published, call } = await bench();
    const { status } = await call(publish({ Message: 'a' }), { origin: 'https://evil.example' });
    expect([status, published]).toEqual([403, []]);
  });
});

describe('a FIFO topic', () => {
  const one = (more: Record<string, string> = {}): Record<string, string> =>
    publish({ TopicArn: FIFO, Message: 'a', MessageGroupId: 'g', MessageDeduplicationId: 'd', ...more });

  it('numbers its messages, and hands on group and deduplication id [fifo]', async () => {
    const { published, call } = await bench();
    const { body } = await call(one());
    await call(one({ MessageDeduplicationId: 'd2' }));
    expect(body).toMatch(/<MessageId>[^<]+<\/MessageId><SequenceNumber>\d{20}<\/SequenceNumber>/);
    const [first, second] = published.map(([notification]) => notification);
    expect(first).toMatchObject({ groupId: 'g', deduplicationId: 'd' });
    expect(body).toContain(first!.sequenceNumber);
    expect(second!.sequenceNumber! > first!.sequenceNumber!).toBe(true);
    expect(toEnvelope(first!, 'arn')).toMatchObject({ SequenceNumber: first!.sequenceNumber });
  });

  it('takes a message again within five minutes, and delivers it once [dedup]', async () => {
    const { published, call, advance } = await bench();
    const first = await call(one());
    advance(299_999);
    const again = await call(one({ Message: 'other' }));
    const idIn = ({ body }: HttpAnswer): unknown => /<MessageId>([^<]+)/.exec(body)?.[1];
    expect([idIn(again), published.length]).toEqual([idIn(first), 1]);
    advance(1);
    await call(one());
    expect(published).toHaveLength(2);
  });

  it('knows a message by its text where that is configured [dedup]', async () => {
    const { published, call } = await bench();
    const text = { Action: 'Publish', TopicArn: BY_CONTENT, MessageGroupId: 'g' };
    for (const Message of ['a', 'a', 'b']) await call({ ...text, Message });
    expect(published.map(([notification]) => notification.messageFor('sqs'))).toEqual(['a', 'b']);
    // SHA-256 of "a".
    expect(published[0]![0].deduplicationId).toMatch(/^ca978112ca1bbdcafac231b39a23dc4d/);
  });

  it.each<[string, Record<string, string>]>([
    [
      'The MessageGroupId parameter is required for FIFO topics',
      { TopicArn: FIFO, MessageDeduplicationId: 'd' },
    ],
    [
      'The topic should either have ContentBasedDeduplication enabled',
      { TopicArn: FIFO, MessageGroupId: 'g' },
    ],
    ['MessageGroupId can only include alphanumeric', { TopicArn: FIFO, MessageGroupId: 'a b' }],
    [
      'MessageDeduplicationId parameter that is not valid for this topic type',
      { MessageDeduplicationId: 'd' },
    ],
  ])('refuses: %s [publish]', async (message, parameters) => {
    const { published, call } = await bench();
    const { status, body } = await call(publish({ Message: 'a', ...parameters }));
    expect([status, published]).toEqual([400, []]);
    expect(body).toContain(message);
  });

  it('says that it is one', async () => {
    const { call } = await bench();
    const { body } = await call({ Action: 'GetTopicAttributes', TopicArn: BY_CONTENT });
    expect(body).toContain('<key>FifoTopic</key><value>true</value>');
    expect(body).toContain('<key>ContentBasedDeduplication</key><value>true</value>');
  });
});

describe('PublishBatch', () => {
  it('publishes each entry by itself [batch]', async () => {
    const { published, call } = await bench();
    const { body } = await call({
      Action: 'PublishBatch',
      TopicArn: ARN,
      'PublishBatchRequestEntries.member.1.Id': 'one',
      'PublishBatchRequestEntries.member.1.Message': 'a',
      'PublishBatchRequestEntries.member.2.Id': 'two',
      'PublishBatchRequestEntries.member.2.Message': '',
    });
    expect(published).toHaveLength(1);
    expect(body).toMatch(
      /<Successful><member><Id>one<\/Id><MessageId>[0-9a-f-]{36}<\/MessageId><\/member><\/Successful>/,
    );
    expect(body).toContain('<Failed><member><Id>two</Id><Code>InvalidParameter</Code>');
  });

  it.each([
    ['EmptyBatchRequest', {}],
    [
      'BatchEntryIdsNotDistinct',
      { 'PublishBatchRequestEntries.member.1.Id': 'a', 'PublishBatchRequestEntries.member.2.Id': 'a' },
    ],
    ['InvalidBatchEntryId', { 'PublishBatchRequestEntries.member.1.Id': 'a b' }],
  ])('is refused with %s [batch]', async (code, entries) => {
    const { call } = await bench();
    const { body } = await call({ Action: 'PublishBatch', TopicArn: ARN, ...entries });
    expect(body).toContain(`<Code>${code}</Code>`);
  });
});

describe('a notification', () => {
  const notification: Notification = {
    messageId: 'id-1',
    topicArn: ARN,
    subject: undefined,
    messageFor: (protocol) => `for ${protocol}`,
    attributes: {
      kind: { dataType: 'String', stringValue: 'order' },
      bytes: { dataType: 'Binary', binaryValue: Buffer.from([0, 255]) },
      count: { dataType: 'Number', stringValue: '7' },
      list: { dataType: 'String.Array', stringValue: '["a",1]' },
    },
    publishedUnixMs: Date.UTC(2026, 10, 23, 12),
  };

  it('is one record for a function [event]', () => {
    expect(toSnsEvent(notification, `${ARN}:sub`)).toEqual({
      Records: [
        {
          EventSource: 'aws:sns',
          EventVersion: '1.0',
          EventSubscriptionArn: `${ARN}:sub`,
          Sns: {
            Type: 'Notification',
            MessageId: 'id-1',
            TopicArn: ARN,
            Subject: null,
            Message: 'for lambda',
            Timestamp: '2026-11-23T12:00:00.000Z',
            SignatureVersion: '1',
            Signature: expect.any(String) as string,
            SigningCertUrl: expect.stringContaining('https://sns.eu-central-1.amazonaws.com/') as string,
            UnsubscribeUrl: expect.stringContaining(`SubscriptionArn=${ARN}:sub`) as string,
            MessageAttributes: {
              kind: { Type: 'String', Value: 'order' },
              bytes: { Type: 'Binary', Value: 'AP8=' },
              count: { Type: 'Number', Value: '7' },
              list: { Type: 'String.Array', Value: '["a",1]' },
            },
          },
        },
      ],
    });
  });

  it('is an envelope for a queue, without fields that it has not [envelope]', () => {
    const envelope = toEnvelope(notification, `${ARN}:sub`);
    expect(envelope).toMatchObject({ Type: 'Notification', Message: 'for sqs', SignatureVersion: '1' });
    expect(envelope).toHaveProperty('SigningCertURL');
    expect(envelope).not.toHaveProperty('Subject');
    expect(toEnvelope({ ...notification, attributes: {} }, ARN)).not.toHaveProperty('MessageAttributes');
  });

  it('shows a filter policy numbers and lists, and no bytes', () => {
    expect(toFilterable(notification.attributes)).toEqual({ kind: 'order', count: 7, list: ['a', 1] });
  });
});

// [delivery] for what FIFO topics and queues can be subscribed to.
it.each([
  [{ name: 'a.b' }, 'letters, digits, - and _ only, and perhaps .fifo'],
  [{ name: 'a', contentBasedDeduplication: true }, 'contentBasedDeduplication is for FIFO topics'],
  [{ name: 'a.fifo', subscriptions: [{ function: 'f' }] }, 'a FIFO topic delivers to queues only'],
  [{ name: 'a', subscriptions: [{ queue: 'q.fifo' }] }, 'q.fifo can be subscribed to FIFO topics only'],
  [{ name: 'a', subscriptions: [{}] }, 'a subscription needs either a function or a queue'],
  [{ name: 'a', subscriptions: [{ function: 'f', queue: 'q' }] }, 'either a function or a queue'],
  [{ name: 'a', subscriptions: [{ queue: 'q', filterPolicy: { a: 'b' } }] }, 'filterPolicy: "a"'],
])('the topic %j is refused', (config, message) => {
  expect(() => refuseTopicFaults(config)).toThrow(message);
});
