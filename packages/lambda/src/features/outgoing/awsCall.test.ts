import { describe, expect, it } from 'vitest';
import { describeAwsCall } from './awsCall.ts';

const describeInput = (service: string, operation: string, input: unknown, region?: string): object =>
  describeAwsCall({ service, operation, input, region }).attributes;

describe('describeAwsCall', () => {
  it('takes sending alone for producing', () => {
    const kind = (service: string, operation: string): number => describeAwsCall({ service, operation }).kind;
    expect([
      kind('SQS', 'SendMessage'),
      kind('SQS', 'SendMessageBatch'),
      kind('SNS', 'Publish'),
      kind('EventBridge', 'PutEvents'),
      kind('Kinesis', 'PutRecords'),
    ]).toEqual([3, 3, 3, 3, 3]);
    expect([kind('SQS', 'ReceiveMessage'), kind('SQS', 'GetQueueUrl'), kind('DynamoDB', 'PutItem')]).toEqual([
      2, 2, 2,
    ]);
  });

  it.each([
    ['DynamoDB', 'GetItem', { TableName: 'orders' }, { 'db.collection.name': 'orders' }],
    [
      'DynamoDB',
      'GetItem',
      { TableName: 'arn:aws:dynamodb:eu-west-1:1:table/orders' },
      { 'db.collection.name': 'orders' },
    ],
    [
      'DynamoDB',
      'TransactWriteItems',
      { TransactItems: [{ Put: { TableName: 'a' } }, { Delete: { TableName: 'b' } }] },
      { 'aws.dynamodb.table_names': ['a', 'b'] },
    ],
    ['SQS', 'SendMessage', { QueueUrl: 'https://sqs/1/jobs' }, { 'messaging.destination.name': 'jobs' }],
    [
      'SNS',
      'Publish',
      { TopicArn: 'arn:aws:sns:eu-west-1:1:news' },
      {
        'messaging.system': 'aws.sns',
        'messaging.destination.name': 'news',
        'aws.sns.topic.arn': 'arn:aws:sns:eu-west-1:1:news',
      },
    ],
    ['EventBridge', 'PutEvents', { Entries: [{}, {}] }, { 'messaging.destination.name': 'default' }],
    [
      'EventBridge',
      'PutEvents',
      { Entries: [{ EventBusName: 'arn:aws:events:eu-west-1:1:event-bus/shop' }] },
      { 'messaging.destination.name': 'shop', 'messaging.batch.message_count': 1 },
    ],
    [
      'Kinesis',
      'PutRecords',
      { StreamARN: 'arn:aws:kinesis:eu-west-1:1:stream/clicks', Records: [{}] },
      { 'aws.kinesis.stream_name': 'clicks', 'messaging.batch.message_count': 1 },
    ],
    ['S3', 'GetObject', { Bucket: 'shop', Key: 'private' }, { 'aws.s3.bucket': 'shop' }],
    [
      'SFN',
      'StartExecution',
      { stateMachineArn: 'arn:sm' },
      { 'aws.step_functions.state_machine.arn': 'arn:sm', 'rpc.service': 'SFN' },
    ],
    ['SecretsManager', 'GetSecretValue', { SecretId: 'arn:s' }, { 'aws.secretsmanager.secret.arn': 'arn:s' }],
  ])('tells what %s.%s is about', (service, operation, input, expected) => {
    expect(describeInput(service, operation, input)).toMatchObject(expected);
  });

  it.each([
    ['worker', 'worker', 'eu-west-1'],
    ['worker:live', 'worker', 'eu-west-1'],
    ['123:function:worker', 'worker', 'eu-west-1'],
    ['arn:aws:lambda:us-east-1:123:function:worker:7', 'worker', 'us-east-1'],
  ])('knows the function %s', (FunctionName, name, region) => {
    expect(describeInput('Lambda', 'Invoke', { FunctionName }, 'eu-west-1')).toMatchObject({
      'faas.invoked_name': name,
      'faas.invoked_provider': 'aws',
      'faas.invoked_region': region,
    });
  });

  it.each([null, undefined, 'text', 7, [], { Entries: 'x' }, { Entries: [null] }, { TransactItems: [{}] }])(
    'survives the input %j',
    (input) => {
      for (const service of ['DynamoDB', 'SQS', 'SNS', 'EventBridge', 'Kinesis', 'S3', 'Lambda', 'SFN'])
        expect(() => describeInput(service, 'X', input)).not.toThrow();
    },
  );
});
