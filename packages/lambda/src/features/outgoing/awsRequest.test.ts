import { describe, expect, it } from 'vitest';
import { parseAwsRequest, parseResendCount, readAwsBody } from './awsRequest.ts';

const parse = (
  headers: Record<string, string>,
  path = '/',
  origin = 'https://x.example',
): ReturnType<typeof parseAwsRequest> => parseAwsRequest({ origin, path, header: (name) => headers[name] });
const authorization = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=ab`;

describe('parseAwsRequest', () => {
  it.each([
    ['DynamoDB_20120810.PutItem', 'DynamoDB', 'PutItem'],
    ['AmazonSQS.SendMessage', 'SQS', 'SendMessage'],
    ['AWSEvents.PutEvents', 'EventBridge', 'PutEvents'],
    ['AWSStepFunctions.StartExecution', 'SFN', 'StartExecution'],
    ['Kinesis_20131202.PutRecord', 'Kinesis', 'PutRecord'],
    ['secretsmanager.GetSecretValue', 'SecretsManager', 'GetSecretValue'],
  ])('knows %s', (target, service, operation) => {
    expect(parse({ 'x-amz-target': target, authorization: authorization('x') })).toEqual({
      service,
      operation,
      region: 'eu-west-1',
    });
  });

  it('knows the service of protocols without a target', () => {
    const sdk = { 'amz-sdk-request': 'attempt=1', authorization: authorization('s3') };
    expect(parse(sdk)?.service).toBe('S3');
    expect(
      parse({ 'amz-sdk-request': 'attempt=1', 'user-agent': 'aws-sdk-js/3.1 ua/2.1 api/s3#3.1' })?.service,
    ).toBe('S3');
  });

  it('reads operation and object where they are in the path', () => {
    const of = (service: string): Record<string, string> => ({
      'amz-sdk-request': 'attempt=1; max=3',
      authorization: authorization(service),
    });
    const shop = 'https://shop.s3.eu-west-1.amazonaws.com';
    expect(parse(of('s3'), '/a/b.png?x-id=GetObject', shop)).toMatchObject({
      operation: 'GetObject',
      input: { Bucket: 'shop' },
    });
    expect(parse(of('s3'), '/shop/a.png?x-id=PutObject', 'http://localhost:9000')).toMatchObject({
      operation: 'PutObject',
      input: { Bucket: 'shop' },
    });
    expect(parse(of('lambda'), '/2015-03-31/functions/my%3A1/invocations')).toMatchObject({
      service: 'Lambda',
      operation: 'Invoke',
      input: { FunctionName: 'my:1' },
    });
    expect(
      parse(of('monitoring'), '/service/GraniteServiceVersion20100801/operation/PutMetricData'),
    ).toMatchObject({
      operation: 'PutMetricData',
    });
  });

  it('takes a signed request to an API of one’s own for an ordinary one', () => {
    expect(parse({ authorization: authorization('execute-api') })).toBeUndefined();
    expect(parse({})).toBeUndefined();
  });
});

describe('readAwsBody', () => {
  it.each([
    ['DynamoDB', 'PutItem', '{"Item":{"id":{"S":"1"}},"TableName":"orders"}', { TableName: 'orders' }],
    [
      'SQS',
      'SendMessage',
      '{"QueueUrl":"https://q/1/jobs","MessageBody":"b"}',
      { QueueUrl: 'https://q/1/jobs' },
    ],
    ['SFN', 'StartExecution', '{"stateMachineArn":"arn:sm","input":"{}"}', { stateMachineArn: 'arn:sm' }],
  ])('finds what a call of %s is about', (service, operation, body, input) => {
    const call = { service, operation };
    expect(readAwsBody(call, body).input).toEqual(input);
    expect(readAwsBody(call, Buffer.from(body)).input).toEqual(input);
  });

  it('takes no content for a parameter', () => {
    const body = JSON.stringify({
      MessageBody: JSON.stringify({ TableName: 'x', QueueUrl: 'y' }),
      QueueUrl: 'real',
    });
    expect(readAwsBody({ service: 'SQS', operation: 'SendMessage' }, body).input).toEqual({
      QueueUrl: 'real',
    });
  });

  it('finds it at either end of a body of megabytes, and looks at no more', () => {
    const call = { service: 'Kinesis', operation: 'PutRecords' };
    const records = `"Records":[${'{"Data":"","PartitionKey":"k"},'.repeat(200_000)}null]`;
    const name = '"StreamName":"clicks"';
    for (const body of [`{${name},${records}}`, `{${records},${name}}`])
      expect(readAwsBody(call, body).input).toEqual({ StreamName: 'clicks' });
    expect(readAwsBody(call, Buffer.from(`{${records},${name},${records}}`)).input).toEqual({});
  });

  it('names no table of several', () => {
    const body = '{"TransactItems":[{"Put":{"TableName":"a"}},{"Put":{"TableName":"b"}}]}';
    expect(readAwsBody({ service: 'DynamoDB', operation: 'TransactWriteItems' }, body).input).toEqual({});
  });

  it('reads a form', () => {
    const body =
      'Action=Publish&Message=%26TopicArn%3Dx&TopicArn=arn%3Aaws%3Asns%3Aeu%3A1%3Anews&Version=2010-03-31';
    expect(readAwsBody({ service: 'SNS', operation: undefined }, body)).toMatchObject({
      operation: 'Publish',
      input: { TopicArn: 'arn:aws:sns:eu:1:news' },
    });
  });
});

it('a retry is counted from the header of the SDK', () => {
  expect(['attempt=1; max=3', 'attempt=3; max=3', undefined, 'x'].map(parseResendCount)).toEqual([
    0, 2, 0, 0,
  ]);
});
