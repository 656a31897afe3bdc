import {
  AWS_DYNAMODB_TABLE_NAMES,
  AWS_REQUEST_ID,
  AWS_SQS_QUEUE_URL,
  CLICKSPAN_SPAN_TYPE,
  DB_COLLECTION_NAME,
  ERROR_TYPE,
  HTTP_RESPONSE_STATUS_CODE,
  MESSAGING_BATCH_MESSAGE_COUNT,
  MESSAGING_DESTINATION_NAME,
  MESSAGING_MESSAGE_ID,
} from '@clickspan/shared/attributes';
import { spanOf, withSpan } from '@clickspan/shared/context';
import { STATUS_ERROR } from '@clickspan/shared/tracer';
import type { Attributes, Span, SpanContext } from '@opentelemetry/api';
import { describeAwsCall } from './awsRequest.ts';
import { withContext, withContexts } from './messageAttributes.ts';
import type { SqsBatch, SqsMessage } from './messageAttributes.ts';
import { SUPPRESSION } from './outgoing.ts';
import type { OutgoingEnvironment, Suppression } from './outgoing.ts';

/** What a step of the AWS SDK's middleware is given. */
export interface AwsArguments {
  readonly input: unknown;
}

/** The step that follows. */
export type AwsNext = (args: AwsArguments) => Promise<unknown>;

/** What the AWS SDK tells its middleware about a call. */
export interface AwsCallContext {
  readonly clientName?: string | undefined;
  readonly commandName?: string | undefined;
}

/** Runs one call of an AWS SDK client, with all that comes after in its middleware, as a span. */
export type AwsMiddleware = (next: AwsNext, context: AwsCallContext, args: AwsArguments) => Promise<unknown>;

type Fields = Readonly<Record<string, unknown>>;

const RESEND_COUNT = 'http.request.resend_count';

/** Makes the middleware; calls outside of an invocation pass untouched. */
export function createAwsMiddleware({ tracer, contexts, guard }: OutgoingEnvironment): AwsMiddleware {
  return async (next, { clientName, commandName }, args) => {
    const parent = contexts.active();
    if (!spanOf(parent)) return next(args);
    const begun = guard(() => {
      const service = clientName?.replace(/Client$/, '') ?? 'AWS';
      const operation = commandName?.replace(/Command$/, '');
      const { name, kind, attributes } = describeAwsCall({ service, operation });
      const described = {
        ...attributes,
        ...describeInput(service, args.input),
        [CLICKSPAN_SPAN_TYPE]: 'call',
      };
      const span = tracer.startSpan(name, { kind, attributes: described }, parent);
      return { span, args: addContext(args, name, span.spanContext()) };
    });
    if (!begun) return next(args);
    const { span } = begun;
    // The HTTP requests beneath are attempts of this call, not calls of their own.
    const suppression: Suppression = { over: false };
    const context = withSpan(parent, span).setValue(SUPPRESSION, suppression);
    try {
      const result = await contexts.run(context, () => next(begun.args));
      guard(() => noteOutput(span, (result as { output?: unknown }).output));
      return result;
    } catch (error) {
      guard(() => noteError(span, error));
      throw error;
    } finally {
      suppression.over = true;
      span.end();
    }
  };
}

function addContext(args: AwsArguments, name: string, context: SpanContext): AwsArguments {
  if (name === 'SQS.SendMessage') return { ...args, input: withContext(args.input as SqsMessage, context) };
  if (name === 'SQS.SendMessageBatch')
    return { ...args, input: withContexts(args.input as SqsBatch, context) };
  return args;
}

function describeInput(service: string, input: unknown): Attributes {
  const fields = (input ?? {}) as Fields;
  if (service === 'DynamoDB') return describeTables(fields);
  const { QueueUrl: queueUrl, Entries: entries } = fields;
  if (service !== 'SQS' || typeof queueUrl !== 'string') return {};
  return {
    [AWS_SQS_QUEUE_URL]: queueUrl,
    [MESSAGING_DESTINATION_NAME]: queueUrl.slice(queueUrl.lastIndexOf('/') + 1),
    [MESSAGING_BATCH_MESSAGE_COUNT]: Array.isArray(entries) ? entries.length : undefined,
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
    [DB_COLLECTION_NAME]: tables.length === 1 ? tables[0] : undefined,
  };
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly requestId?: string;
  readonly attempts?: number;
}

function noteMetadata(span: Span, metadata: Metadata | undefined): void {
  const { httpStatusCode: status, requestId, attempts = 1 } = metadata ?? {};
  if (status !== undefined) span.setAttribute(HTTP_RESPONSE_STATUS_CODE, status);
  if (requestId !== undefined) span.setAttribute(AWS_REQUEST_ID, requestId);
  if (attempts > 1) span.setAttribute(RESEND_COUNT, attempts - 1);
}

function noteOutput(span: Span, output: unknown): void {
  const { $metadata: metadata, MessageId: messageId } = (output ?? {}) as Fields;
  noteMetadata(span, metadata as Metadata | undefined);
  if (typeof messageId === 'string') span.setAttribute(MESSAGING_MESSAGE_ID, messageId);
}

function noteError(span: Span, error: unknown): void {
  const { $metadata: metadata, name, message } = (error ?? {}) as Fields;
  noteMetadata(span, metadata as Metadata | undefined);
  span.setAttribute(ERROR_TYPE, typeof name === 'string' ? name : 'Error');
  span.setStatus({ code: STATUS_ERROR, ...(typeof message === 'string' && { message }) });
  span.recordException(error as Error);
}
