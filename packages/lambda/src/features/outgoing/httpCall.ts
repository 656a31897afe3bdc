import {
  AWS_EXTENDED_REQUEST_ID,
  AWS_REQUEST_ID,
  CLICKSPAN_SPAN_TYPE,
  CLOUD_REGION,
  ERROR_TYPE,
  FAAS_INVOKED_REGION,
  HTTP_REQUEST_RESEND_COUNT,
  HTTP_RESPONSE_STATUS_CODE,
  NETWORK_PROTOCOL_VERSION,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_FULL,
} from '@clickspan/shared/attributes';
import { spanOf } from '@clickspan/shared/context';
import { toTraceparent } from '@clickspan/shared/traceContext';
import { KIND_CLIENT, STATUS_ERROR } from '@clickspan/shared/tracer';
import type { Attributes, Span, SpanContext } from '@opentelemetry/api';
import { toXrayHeader } from '../../platform/xrayHeader.ts';
import { maskSecrets } from '../../platform/maskSecrets.ts';
import { redactQuery } from '../../platform/redactQuery.ts';
import { describeMethod, nameMethod } from '../../platform/httpMethod.ts';
import { describeAwsCall } from './awsCall.ts';
import type { AwsCall } from './awsCall.ts';
import { parseAwsRequest, parseResendCount } from './awsRequest.ts';
import type { AwsRequestHead } from './awsRequest.ts';
import type { OpenCall } from './openCalls.ts';
import { SUPPRESSION } from './outgoing.ts';
import type { OutgoingEnvironment, Suppression } from './outgoing.ts';

/** A request of the function that is about to be sent; its origin is `http://host:port`. */
export interface OutgoingRequest extends AwsRequestHead {
  readonly method: string;
  readonly protocolVersion?: string;
  /** Sets a header that the request does not have, or replaces it. */
  setHeader(name: string, value: string): void;
}

/** The span of a request, and which call of AWS it is. */
export interface HttpCall extends OpenCall {
  readonly aws?: AwsCall | undefined;
}

const XRAY_HEADER = 'X-Amzn-Trace-Id';

/**
 * Begins the span of an outgoing HTTP request, and writes its context into the request's headers.
 *
 * Calls of AWS services get no `traceparent`, which they would ignore, but X-Ray's header, which several of them hand
 * on: it is outside of what the SDK signs (ADR 0003).
 *
 * @returns `undefined` for requests that no invocation has caused, that a span stands for already, or of the platform
 */
export function beginHttpCall(
  { tracer, contexts, calls, runtimeApi, onUnknownSdk }: OutgoingEnvironment,
  request: OutgoingRequest,
): HttpCall | undefined {
  const context = contexts.active();
  if (!spanOf(context)) return undefined;
  const url = new URL(request.origin);
  if (url.host === runtimeApi) return undefined;
  const aws = parseAwsRequest(request);
  const suppression = context.getValue(SUPPRESSION) as Suppression | undefined;
  if (suppression?.over === false) {
    if (aws) joinAwsCall(suppression, aws, request, url.hostname);
    return undefined;
  }
  if (aws) onUnknownSdk();
  const described = aws && describeAwsCall(aws);
  const resendCount = parseResendCount(request.header('amz-sdk-request'));
  const span = tracer.startSpan(
    described?.name ?? nameMethod(request.method),
    {
      kind: described?.kind ?? KIND_CLIENT,
      attributes: {
        [CLICKSPAN_SPAN_TYPE]: 'call',
        ...describeMethod(request.method),
        ...describeAddress(url, request),
        [NETWORK_PROTOCOL_VERSION]: request.protocolVersion,
        ...(resendCount > 0 && { [HTTP_REQUEST_RESEND_COUNT]: resendCount }),
        ...described?.attributes,
      },
    },
    context,
  );
  if (aws) injectXray(request, span.spanContext());
  else injectContext(request, span.spanContext());
  return Object.assign(calls.begin(span), { aws });
}

/** Notes where a request goes that was begun before that was known. */
export function noteAddress(span: Span, origin: string, path: string): void {
  span.setAttributes(describeAddress(new URL(origin), { origin, path }));
}

function describeAddress(url: URL, { origin, path }: Pick<AwsRequestHead, 'origin' | 'path'>): Attributes {
  return {
    [URL_FULL]: origin + redactPath(path),
    [SERVER_ADDRESS]: url.hostname,
    [SERVER_PORT]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
}

/** One attempt of a call whose span the SDK's middleware has made: it tells where the call goes, and carries its context. */
function joinAwsCall(
  { span, service }: Suppression,
  aws: AwsCall,
  request: OutgoingRequest,
  hostname: string,
): void {
  // Not what the SDK asks for credentials meanwhile.
  if (service !== aws.service) return;
  injectXray(request, span.spanContext());
  span.setAttributes({
    [CLOUD_REGION]: aws.region,
    [SERVER_ADDRESS]: hostname,
    ...(service === 'Lambda' && { [FAAS_INVOKED_REGION]: aws.region }),
  });
}

function injectXray(request: OutgoingRequest, context: SpanContext): void {
  const header = toXrayHeader(request.header(XRAY_HEADER.toLowerCase()), context);
  if (header) request.setHeader(XRAY_HEADER, header);
}

function injectContext(request: OutgoingRequest, context: SpanContext): void {
  // A function that writes the header itself knows why.
  if (request.header('traceparent') !== undefined) return;
  request.setHeader('traceparent', toTraceparent(context));
  const tracestate = context.traceState?.serialize();
  if (tracestate && request.header('tracestate') === undefined) request.setHeader('tracestate', tracestate);
}

/** The head of an answer. */
export interface Answer {
  readonly status: number;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
}

/** The names under which AWS services answer with their id of a request. */
const REQUEST_ID_HEADERS = ['x-amzn-requestid', 'x-amzn-request-id', 'x-amz-request-id'];

/** Notes that the answer's head has come. */
export function noteAnswer(call: HttpCall, answer: Answer, nowUnixMs: number): void {
  const { span, aws } = call;
  const { status } = answer;
  const header = (name: string): string | undefined => answer.header(name);
  call.answeredUnixMs = nowUnixMs;
  span.setAttribute(HTTP_RESPONSE_STATUS_CODE, status);
  for (const name of REQUEST_ID_HEADERS) {
    const id = header(name);
    if (id) span.setAttribute(AWS_REQUEST_ID, id);
  }
  if (aws) span.setAttributes({ [AWS_EXTENDED_REQUEST_ID]: header('x-amz-id-2') });
  if (status < 400) return;
  // `ResourceNotFoundException:http://…`, or `AWS.SimpleQueueService.NonExistentQueue;Sender`.
  const [type] = (aws && (header('x-amzn-query-error') ?? header('x-amzn-errortype')))?.split(/[;:]/) ?? [];
  span.setAttribute(ERROR_TYPE, type || String(status)).setStatus({ code: STATUS_ERROR });
}

/** What errors have that tells them apart. */
interface ErrorFields {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: { readonly code?: unknown } | undefined;
}

/** Notes why there was no whole answer. */
export function noteFailure({ span }: OpenCall, error: unknown): void {
  const { name, code, message, cause } = (error ?? {}) as ErrorFields;
  // A stream is cancelled because its session could not connect.
  const type = [cause?.code, code, name].find((value) => typeof value === 'string');
  span.setAttribute(ERROR_TYPE, type ?? 'error');
  span.setStatus({
    code: STATUS_ERROR,
    ...(typeof message === 'string' && { message: maskSecrets(message) }),
  });
}

function redactPath(path: string): string {
  const question = path.indexOf('?');
  return question < 0 ? path : path.slice(0, question + 1) + redactQuery(path.slice(question + 1));
}
