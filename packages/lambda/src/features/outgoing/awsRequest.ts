import {
  CLOUD_REGION,
  DB_OPERATION_NAME,
  DB_SYSTEM_NAME,
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
}

/** Prefixes of `x-amz-target` that do not resemble the service's name. */
const TARGETS: Readonly<Record<string, string>> = {
  AWSEvents: 'EventBridge',
  AWSStepFunctions: 'SFN',
  TrentService: 'KMS',
};

/** How the messaging conventions call an operation of SQS. */
const SQS_OPERATIONS: Readonly<Record<string, string>> = {
  SendMessage: 'send',
  SendMessageBatch: 'send',
  ReceiveMessage: 'receive',
  DeleteMessage: 'settle',
  DeleteMessageBatch: 'settle',
};

/**
 * Recognises a call of the AWS SDK, whatever bundler hid its classes, by the headers that it sends.
 *
 * @param header gives a request header by its lower-case name
 * @returns `undefined` for all other calls, also those that are signed for an API of one's own
 */
export function parseAwsRequest(header: (name: string) => string | undefined): AwsCall | undefined {
  const target = header('x-amz-target');
  const scope = /Credential=[^/,]+\/\d{8}\/([\w-]+)\/([\w-]+)\//.exec(header('authorization') ?? '');
  const region = scope?.[1];
  if (target) {
    const [prefix = '', operation] = target.split('.').slice(-2);
    return { service: toServiceName(prefix), operation, region };
  }
  if (!header('amz-sdk-request')) return undefined;
  const service = /\bapi\/([\w-]+)#/.exec(header('user-agent') ?? '')?.[1] ?? scope?.[2];
  return service ? { service, operation: undefined, region } : undefined;
}

function toServiceName(prefix: string): string {
  const name = prefix.replace(/_\d+$/, '');
  return TARGETS[name] ?? name.replace(/^(Amazon|AWS)(?=[A-Z])/, '');
}

/**
 * Which attempt of the SDK a request is, counted from 0.
 *
 * @param sdkRequest the `amz-sdk-request` header, as `attempt=2; max=3`
 */
export function parseResendCount(sdkRequest: string | undefined): number {
  const attempt = Number(/attempt=(\d+)/.exec(sdkRequest ?? '')?.[1]);
  return attempt > 1 ? attempt - 1 : 0;
}

/** What an AWS call's span is like. */
export interface AwsDescription {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

/** Describes a call by the conventions for AWS, databases and messages. */
export function describeAwsCall({ service, operation, region }: AwsCall): AwsDescription {
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
  const messaging = service === 'SQS' && operation ? SQS_OPERATIONS[operation] : undefined;
  if (messaging) {
    attributes[MESSAGING_SYSTEM] = 'aws_sqs';
    attributes[MESSAGING_OPERATION_NAME] = operation;
    attributes[MESSAGING_OPERATION_TYPE] = messaging;
    if (messaging === 'send') kind = KIND_PRODUCER;
  }
  return { name: operation ? `${service}.${operation}` : service, kind, attributes };
}
