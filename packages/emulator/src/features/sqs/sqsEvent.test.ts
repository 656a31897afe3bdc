import { describe, expect, it } from 'vitest';
import type { ReceivedMessage } from './message.ts';
import { toFailedIds, toSqsEvent } from './sqsEvent.ts';

const message: ReceivedMessage = {
  messageId: 'm1',
  receiptHandle: 'r1',
  body: 'hello',
  attributes: {
    traceparent: { dataType: 'String', stringValue: '00-x-y-01' },
    bytes: { dataType: 'Binary', binaryValue: Buffer.from([1, 2]) },
  },
  traceHeader: 'Root=1-a-b',
  sentUnixMs: 1_795_436_545_156.7,
  firstReceivedUnixMs: 1_795_436_545_200.2,
  receiveCount: 1,
  groupId: undefined,
  deduplicationId: undefined,
  sequenceNumber: undefined,
};

it('shapes a message as Lambda hands it to functions', () => {
  expect(toSqsEvent([message], 'arn:aws:sqs:eu-central-1:123456789012:orders', 'eu-central-1')).toEqual({
    Records: [
      {
        messageId: 'm1',
        receiptHandle: 'r1',
        body: 'hello',
        attributes: {
          ApproximateReceiveCount: '1',
          AWSTraceHeader: 'Root=1-a-b',
          SentTimestamp: '1795436545156',
          SenderId: 'AIDAEMULATOREMULATOR0',
          ApproximateFirstReceiveTimestamp: '1795436545200',
        },
        messageAttributes: {
          traceparent: {
            stringValue: '00-x-y-01',
            stringListValues: [],
            binaryListValues: [],
            dataType: 'String',
          },
          bytes: { binaryValue: 'AQI=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
        },
        md5OfBody: '5d41402abc4b2a76b9719d911017c592',
        md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:orders',
        awsRegion: 'eu-central-1',
      },
    ],
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html, "Success and failure conditions".
describe('toFailedIds', () => {
  const batch = ['a', 'b', 'c'].map((messageId) => ({ ...message, messageId }));
  const read = (document: unknown) => [...toFailedIds(Buffer.from(JSON.stringify(document)), batch)];

  it.each([null, {}, { batchItemFailures: [] }, { batchItemFailures: null }])(
    'takes %j as success',
    (document) => {
      expect(read(document)).toEqual([]);
    },
  );

  it('takes text that is no JSON as failure of all', () => {
    expect([...toFailedIds(Buffer.from('{'), batch)]).toEqual(['a', 'b', 'c']);
  });

  it('takes what is named', () => {
    expect(read({ batchItemFailures: [{ itemIdentifier: 'b' }] })).toEqual(['b']);
  });

  it.each([
    'text',
    { batchItemFailures: 'b' },
    { batchItemFailures: [{}] },
    { batchItemFailures: [{ itemIdentifier: '' }] },
    { batchItemFailures: [{ itemIdentifier: null }] },
    { batchItemFailures: [{ ItemIdentifier: 'b' }] },
    { batchItemFailures: [null] },
    { batchItemFailures: [{ itemIdentifier: 'b' }, { itemIdentifier: 'stranger' }] },
    { batchItemFailures: [{ itemIdentifier: 'stranger' }] },
  ])('takes %j as failure of all', (document) => {
    expect(read(document)).toEqual(['a', 'b', 'c']);
  });
});
