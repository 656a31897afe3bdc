import { describe, expect, it } from 'vitest';
import { describeAwsCall, parseAwsRequest, parseResendCount } from './awsRequest.ts';

const parse = (headers: Record<string, string>): ReturnType<typeof parseAwsRequest> =>
  parseAwsRequest((name) => headers[name]);
const authorization = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=ab`;

describe('parseAwsRequest', () => {
  it.each([
    ['DynamoDB_20120810.PutItem', 'DynamoDB', 'PutItem'],
    ['AmazonSQS.SendMessage', 'SQS', 'SendMessage'],
    ['AWSEvents.PutEvents', 'EventBridge', 'PutEvents'],
    ['secretsmanager.GetSecretValue', 'secretsmanager', 'GetSecretValue'],
  ])('knows %s', (target, service, operation) => {
    expect(parse({ 'x-amz-target': target, authorization: authorization('x') })).toEqual({
      service,
      operation,
      region: 'eu-west-1',
    });
  });

  it('knows the service of protocols without a target', () => {
    const sdk = { 'amz-sdk-request': 'attempt=1', authorization: authorization('s3') };
    expect(parse({ ...sdk, 'user-agent': 'aws-sdk-js/3.1 ua/2.1 api/s3#3.1' })?.service).toBe('s3');
    expect(parse(sdk)?.service).toBe('s3');
  });

  it('takes a signed request to an API of one’s own for an ordinary one', () => {
    expect(parse({ authorization: authorization('execute-api') })).toBeUndefined();
    expect(parse({})).toBeUndefined();
  });
});

it('a retry is counted from the header of the SDK', () => {
  expect(['attempt=1; max=3', 'attempt=3; max=3', undefined, 'x'].map(parseResendCount)).toEqual([
    0, 2, 0, 0,
  ]);
});

it('sending is the only producing call', () => {
  const kinds = ['SendMessage', 'SendMessageBatch', 'ReceiveMessage', 'GetQueueUrl'].map(
    (operation) => describeAwsCall({ service: 'SQS', operation }).kind,
  );
  expect(kinds).toEqual([3, 3, 2, 2]);
});
