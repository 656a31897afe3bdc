import {
  AWS_EXTENDED_REQUEST_ID,
  AWS_REQUEST_ID,
  CLICKSPAN_SPAN_TYPE,
  ERROR_TYPE,
  HTTP_REQUEST_RESEND_COUNT,
  HTTP_RESPONSE_STATUS_CODE,
  MESSAGING_MESSAGE_ID,
} from '@clickspan/shared/attributes';
import { spanOf, withSpan } from '@clickspan/shared/context';
import { STATUS_ERROR } from '@clickspan/shared/tracer';
import type { Span } from '@opentelemetry/api';
import { maskSecrets } from '../../platform/maskSecrets.ts';
import { describeAwsCall } from './awsCall.ts';
import { addAwsContext } from './awsContext.ts';
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

/** Makes the middleware; calls outside of an invocation pass untouched. */
export function createAwsMiddleware(environment: OutgoingEnvironment): AwsMiddleware {
  const { tracer, contexts, guard, calls } = environment;
  return async (next, { clientName, commandName }, args) => {
    const parent = contexts.active();
    if (!spanOf(parent)) return next(args);
    const begun = guard(() => {
      const service = clientName?.replace(/Client$/, '') ?? 'AWS';
      const operation = commandName?.replace(/Command$/, '');
      const { name, kind, attributes } = describeAwsCall({ service, operation, input: args.input });
      const options = { kind, attributes: { ...attributes, [CLICKSPAN_SPAN_TYPE]: 'call' } };
      const call = calls.begin(tracer.startSpan(name, options, parent));
      const { contextInPayload } = environment;
      const carrierOptions = { contextInPayload, xrayHeader: environment.xrayHeader() };
      const input = addAwsContext(name, args.input, call.span.spanContext(), carrierOptions);
      return { call, service, args: input === args.input ? args : { ...args, input } };
    });
    if (!begun) return next(args);
    const { call, service } = begun;
    const { span } = call;
    // The HTTP requests beneath are attempts of this call, not calls of their own.
    const suppression: Suppression = { over: false, span, service };
    const context = withSpan(parent, span).setValue(SUPPRESSION, suppression);
    try {
      const result = await contexts.run(context, async () => {
        try {
          return await next(begun.args);
        } catch (error) {
          // Limits of ours may be wrong: a queue can be made for smaller messages, and a service has done nothing yet.
          if (begun.args !== args && isRefused(error)) return next(args);
          throw error;
        }
      });
      guard(() => {
        const { output } = result as { output?: Fields };
        // A signed address was asked for, and nothing sent.
        if (output?.['presigned']) calls.forget(call);
        else noteOutput(span, output);
      });
      return result;
    } catch (error) {
      guard(() => noteError(span, error));
      throw error;
    } finally {
      suppression.over = true;
      guard(() => calls.end(call));
    }
  };
}

/** Whether a service did not take the parameters of a call. */
function isRefused(error: unknown): boolean {
  const { name, $metadata: metadata } = (error ?? {}) as Fields;
  const { httpStatusCode: status } = (metadata ?? {}) as Metadata;
  return (
    (status === 400 || status === 413) &&
    /^(Invalid|Validation|BatchRequestTooLong|RequestTooLarge)/.test(String(name))
  );
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly requestId?: string;
  readonly extendedRequestId?: string;
  readonly attempts?: number;
}

function noteMetadata(span: Span, metadata: Metadata | undefined): void {
  const { httpStatusCode: status, requestId, extendedRequestId, attempts = 1 } = metadata ?? {};
  span.setAttributes({
    [HTTP_RESPONSE_STATUS_CODE]: status,
    [AWS_REQUEST_ID]: requestId,
    [AWS_EXTENDED_REQUEST_ID]: extendedRequestId,
    [HTTP_REQUEST_RESEND_COUNT]: attempts > 1 ? attempts - 1 : undefined,
  });
}

function noteOutput(span: Span, output: Fields | undefined): void {
  const { $metadata: metadata, MessageId: messageId } = output ?? {};
  noteMetadata(span, metadata as Metadata | undefined);
  if (typeof messageId === 'string') span.setAttribute(MESSAGING_MESSAGE_ID, messageId);
}

function noteError(span: Span, error: unknown): void {
  const { $metadata: metadata, name, message } = (error ?? {}) as Fields;
  noteMetadata(span, metadata as Metadata | undefined);
  span.setAttribute(ERROR_TYPE, typeof name === 'string' ? name : 'Error');
  // A refused signature is told with all that was signed, the session's token included.
  span.setStatus({
    code: STATUS_ERROR,
    ...(typeof message === 'string' && { message: maskSecrets(message) }),
  });
  span.recordException(error as Error);
}
