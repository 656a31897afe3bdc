import {
  AWS_DYNAMODB_TABLE_NAMES,
  AWS_KINESIS_STREAM_NAME,
  AWS_S3_BUCKET,
  AWS_SECRETSMANAGER_SECRET_ARN,
  AWS_SNS_TOPIC_ARN,
  AWS_SQS_QUEUE_URL,
  AWS_STEP_FUNCTIONS_STATE_MACHINE_ARN,
  CLOUD_REGION,
  DB_COLLECTION_NAME,
  DB_OPERATION_NAME,
  DB_SYSTEM_NAME,
  FAAS_INVOKED_NAME,
  FAAS_INVOKED_PROVIDER,
  FAAS_INVOKED_REGION,
  MESSAGING_BATCH_MESSAGE_COUNT,
  MESSAGING_DESTINATION_NAME,
  MESSAGING_OPERATION_NAME,
  MESSAGING_OPERATION_TYPE,
  MESSAGING_SYSTEM,
  RPC_METHOD,
  RPC_SERVICE,
  RPC_SYSTEM,
} from '@clickspan/shared/attributes';
import { KIND_CLIENT, KIND_PRODUCER } from '@clickspan/shared/tracer';
import type { Attributes, SpanKind } from '@opentelemetry/api';

/** One call of an AWS service. */
export interface AwsCall {
  /** As AWS's own clients name it: `DynamoDB`, `SQS`. */
  readonly service: string;
  /** `PutItem`; `undefined` for protocols that do not tell it in a header. */
  readonly operation: string | undefined;
  readonly region?: string | undefined;
  /** The parameters of the call, as far as they are known; as the function gave them, so of any shape. */
  readonly input?: unknown;
}

/** What an AWS call's span is like. */
export interface AwsDescription {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

type Fields = Readonly<Record<string, unknown>>;

/** Services that carry messages: what the conventions call them, and their operations. */
const MESSAGING: Readonly<Record<string, { system: string; operations: Readonly<Record<string, string>> }>> =
  {
    SQS: {
      system: 'aws_sqs',
      operations: {
        SendMessage: 'send',
        SendMessageBatch: 'send',
        ReceiveMessage: 'receive',
        DeleteMessage: 'settle',
        DeleteMessageBatch: 'settle',
      },
    },
    SNS: { system: 'aws.sns', operations: { Publish: 'send', PublishBatch: 'send' } },
    EventBridge: { system: 'aws.eventbridge', operations: { PutEvents: 'send' } },
    Kinesis: {
      system: 'aws.kinesis',
      operations: { PutRecord: 'send', PutRecords: 'send', GetRecords: 'receive' },
    },
  };

/** Describes a call by the conventions for AWS, databases and messages. */
export function describeAwsCall(call: AwsCall): AwsDescription {
  const { service, operation, region } = call;
  const attributes: Attributes = {
    [RPC_SYSTEM]: 'aws-api',
    [RPC_SERVICE]: service,
    [RPC_METHOD]: operation,
    [CLOUD_REGION]: region,
  };
  let kind = KIND_CLIENT;
  if (service === 'DynamoDB') {
    attributes[DB_SYSTEM_NAME] = 'aws.dynamodb';
    attributes[DB_OPERATION_NAME] = operation;
  }
  const messaging = MESSAGING[service];
  const type = operation && messaging?.operations[operation];
  if (type) {
    attributes[MESSAGING_SYSTEM] = messaging.system;
    attributes[MESSAGING_OPERATION_NAME] = operation;
    attributes[MESSAGING_OPERATION_TYPE] = type;
    if (type === 'send') kind = KIND_PRODUCER;
  }
  Object.assign(attributes, describeInput(call));
  return { name: operation ? `${service}.${operation}` : service, kind, attributes };
}

/** What the parameters of a call tell: its table, queue, topic, bus, stream, bucket, function, state machine. */
export function describeInput({ service, region, input }: AwsCall): Attributes {
  return input ? (DESCRIBE[service]?.(input as Fields, region) ?? {}) : {};
}

const DESCRIBE: Readonly<Record<string, (input: Fields, region: string | undefined) => Attributes>> = {
  DynamoDB: describeTables,
  SQS: ({ QueueUrl: url, Entries: entries }) => ({
    [AWS_SQS_QUEUE_URL]: toText(url),
    ...describeMessages(lastPart(url), entries),
  }),
  SNS: ({ TopicArn: topic, TargetArn: target, PublishBatchRequestEntries: entries }) => ({
    [AWS_SNS_TOPIC_ARN]: toText(topic ?? target),
    ...describeMessages(lastPart(topic ?? target), entries),
  }),
  EventBridge: ({ EventBusName: bus, Entries: entries }) => {
    const events = Array.isArray(entries) ? (entries as (Fields | undefined)[]) : [];
    const buses = new Set(events.map((event) => lastPart(event?.['EventBusName']) ?? 'default'));
    return describeMessages(buses.size === 1 ? [...buses][0] : lastPart(bus), entries);
  },
  Kinesis: ({ StreamName: name, StreamARN: arn, Records: records }) => {
    const stream = toText(name) ?? lastPart(arn);
    return { [AWS_KINESIS_STREAM_NAME]: stream, ...describeMessages(stream, records) };
  },
  S3: ({ Bucket: bucket }) => ({ [AWS_S3_BUCKET]: toText(bucket) }),
  Lambda: ({ FunctionName: name }, region) => {
    // A name, `account:function:name`, or an ARN, each with or without a version.
    const parts = toText(name)?.split(':') ?? [];
    const at = parts.lastIndexOf('function');
    return {
      [FAAS_INVOKED_NAME]: parts[at < 0 ? 0 : at + 1],
      [FAAS_INVOKED_PROVIDER]: 'aws',
      [FAAS_INVOKED_REGION]: parts[0] === 'arn' ? parts[3] : region,
    };
  },
  SFN: ({ stateMachineArn: arn }) => ({ [AWS_STEP_FUNCTIONS_STATE_MACHINE_ARN]: toText(arn) }),
  SecretsManager: ({ SecretId: id }) => ({
    [AWS_SECRETSMANAGER_SECRET_ARN]: toText(id)?.startsWith('arn:') ? toText(id) : undefined,
  }),
};

function describeMessages(destination: string | undefined, batch: unknown): Attributes {
  return {
    [MESSAGING_DESTINATION_NAME]: destination,
    [MESSAGING_BATCH_MESSAGE_COUNT]: Array.isArray(batch) ? batch.length : undefined,
  };
}

/** The tables of a call: one by name, several as the keys of `RequestItems` or in the items of a transaction. */
function describeTables({
  TableName: table,
  RequestItems: requested,
  TransactItems: items,
}: Fields): Attributes {
  const names = new Set<unknown>(table === undefined ? Object.keys(requested ?? {}) : [table]);
  for (const item of Array.isArray(items) ? (items as Fields[]) : [])
    for (const action of Object.values(item)) names.add((action as Fields | undefined)?.['TableName']);
  const tables = [...names].filter((name) => typeof name === 'string');
  if (tables.length === 0) return {};
  return {
    [AWS_DYNAMODB_TABLE_NAMES]: tables,
    [DB_COLLECTION_NAME]: tables.length === 1 ? lastPart(tables[0]) : undefined,
  };
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The name at the end of a URL or an ARN. */
function lastPart(value: unknown): string | undefined {
  return toText(value)?.split(/[/:]/).pop();
}
