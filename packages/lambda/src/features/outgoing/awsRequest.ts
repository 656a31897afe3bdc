import type { AwsCall } from './awsCall.ts';

/** What is read of a request that may be a call of AWS. */
export interface AwsRequestHead {
  readonly origin: string;
  readonly path: string;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
}

/** Services whose clients have another name than the service has in targets, signatures and user agents. */
const CLIENT_NAMES: Readonly<Record<string, string>> = {
  AWSEvents: 'EventBridge',
  AWSStepFunctions: 'SFN',
  TrentService: 'KMS',
  dynamodb: 'DynamoDB',
  events: 'EventBridge',
  kinesis: 'Kinesis',
  lambda: 'Lambda',
  s3: 'S3',
  secretsmanager: 'SecretsManager',
  sns: 'SNS',
  sqs: 'SQS',
  states: 'SFN',
};

/**
 * Recognises a call of the AWS SDK, whatever bundler hid its classes, by the headers and the path that it sends.
 *
 * @returns `undefined` for all other calls, also those that are signed for an API of one's own
 */
export function parseAwsRequest(request: AwsRequestHead): AwsCall | undefined {
  const target = request.header('x-amz-target');
  if (!target && !request.header('amz-sdk-request')) return undefined;
  const [, region, scope] =
    /Credential=[^/,]+\/\d{8}\/([\w-]+)\/([\w-]+)\//.exec(request.header('authorization') ?? '') ?? [];
  if (target) {
    const [prefix = '', operation] = target.split('.').slice(-2);
    return { service: toClientName(prefix.replace(/_\d+$/, '')), operation, region };
  }
  const cbor = /^\/service\/([\w.]+)\/operation\/(\w+)/.exec(request.path);
  const api = cbor?.[1] ?? scope ?? /\bapi\/([\w-]+)#/.exec(request.header('user-agent') ?? '')?.[1];
  if (!api) return undefined;
  const service = toClientName(api);
  return { service, region, operation: cbor?.[2], ...parsePath(service, request) };
}

/** Protocols with paths tell the operation and its object there. */
function parsePath(service: string, { origin, path }: AwsRequestHead): Partial<AwsCall> {
  if (service === 'Lambda') {
    const [, name, kind] =
      /^\/\d[\d-]+\/functions\/([^/]+)\/(invocations|response-streaming-invocations)/.exec(path) ?? [];
    if (!name) return {};
    const operation = kind === 'invocations' ? 'Invoke' : 'InvokeWithResponseStream';
    return { operation, input: { FunctionName: decodeURIComponent(name) } };
  }
  if (service !== 'S3') return {};
  // The SDK names the operations of objects; the bucket is in the host or, with an endpoint of one's own, in the path.
  const operation = /[?&]x-id=(\w+)/.exec(path)?.[1];
  const bucket = /\/\/([^/]+?)\.s3[.-]/.exec(origin)?.[1] ?? /^\/([^/?]+)/.exec(path)?.[1];
  return { operation, input: { Bucket: bucket } };
}

function toClientName(name: string): string {
  return CLIENT_NAMES[name] ?? name.replace(/^(Amazon|AWS)(?=[A-Z])/, '');
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

/** Parameters that name what a call is about, and in which no content of the function's can be. */
const NAMES = [
  'TableName',
  'QueueUrl',
  'TopicArn',
  'StreamName',
  'StreamARN',
  'EventBusName',
  'stateMachineArn',
  'SecretId',
];
/** Names are short; what is longer is none. */
const MAX_NAME = 2048;
/** Of a longer body the beginning and the end are looked at, which takes microseconds: batches of megabytes take 25 ms. */
const MAX_LOOKED_AT = 65_536;

/**
 * Finds what a call is about in the body of its request, without parsing it. Within strings of JSON quotes are escaped,
 * so that the content of messages and items is not taken for a parameter.
 *
 * @param body whole, as JSON or as a form
 * @returns the call with what was found
 */
export function readAwsBody(call: AwsCall, body: string | Buffer): AwsCall {
  const isLong = body.length > 2 * MAX_LOOKED_AT;
  const parts = isLong ? [body.slice(0, MAX_LOOKED_AT), body.slice(-MAX_LOOKED_AT)] : [body];
  const find = (before: string, after: string): string | undefined => {
    for (const part of parts) {
      const start = part.indexOf(before);
      if (start < 0) continue;
      const from = start + before.length;
      const text = part.slice(from, from + MAX_NAME).toString();
      const end = text.indexOf(after);
      if (end >= 0) return text.slice(0, end);
    }
    return undefined;
  };
  // A form, as SNS takes it.
  if (body.slice(0, 7).toString() === 'Action=') {
    const topic = find('&TopicArn=', '&');
    return {
      ...call,
      operation: /^\w+/.exec(body.slice(7, 64).toString())?.[0],
      input: { TopicArn: topic && decodeURIComponent(topic) },
    };
  }
  // Calls with several tables name none of them before the others.
  const several = /^(Batch|Transact)/.test(call.operation ?? '');
  const input: Record<string, string> = {};
  if (!several)
    for (const name of NAMES) {
      const value = find(`"${name}":"`, '"');
      if (value !== undefined) input[name] = value;
    }
  return { ...call, input };
}
