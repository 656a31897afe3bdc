import {
  AWS_REQUEST_ID,
  CLICKSPAN_SPAN_TYPE,
  ERROR_TYPE,
  HTTP_REQUEST_METHOD,
  HTTP_RESPONSE_STATUS_CODE,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_FULL,
} from '@clickspan/shared/attributes';
import { spanOf } from '@clickspan/shared/context';
import { toTraceparent } from '@clickspan/shared/traceContext';
import { KIND_CLIENT, STATUS_ERROR } from '@clickspan/shared/tracer';
import type { Span } from '@opentelemetry/api';
import { toXrayHeader } from '../../platform/xrayHeader.ts';
import { redactQuery } from '../../platform/redactQuery.ts';
import { toKnownMethod } from '../../platform/httpMethod.ts';
import { describeAwsCall, parseAwsRequest, parseResendCount } from './awsRequest.ts';
import type { OpenCall } from './openCalls.ts';
import { SUPPRESSION } from './outgoing.ts';
import type { OutgoingEnvironment, Suppression } from './outgoing.ts';

/** A request of the function that is about to be sent. */
export interface OutgoingRequest {
  readonly method: string;
  /** `http://host:port`. */
  readonly origin: string;
  readonly path: string;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
  /** Sets a header that the request does not have, or replaces it. */
  setHeader(name: string, value: string): void;
}

const RESEND_COUNT = 'http.request.resend_count';
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
  { tracer, contexts, calls, runtimeApi }: OutgoingEnvironment,
  request: OutgoingRequest,
): OpenCall | undefined {
  const context = contexts.active();
  const suppression = context.getValue(SUPPRESSION) as Suppression | undefined;
  if (!spanOf(context) || suppression?.over === false) return undefined;
  const url = new URL(request.origin);
  if (url.host === runtimeApi) return undefined;
  const method = toKnownMethod(request.method);
  const aws = parseAwsRequest((name) => request.header(name));
  const described = aws && describeAwsCall(aws);
  const resendCount = parseResendCount(request.header('amz-sdk-request'));
  const span = tracer.startSpan(
    described?.name ?? method,
    {
      kind: described?.kind ?? KIND_CLIENT,
      attributes: {
        [CLICKSPAN_SPAN_TYPE]: 'call',
        [HTTP_REQUEST_METHOD]: method,
        [URL_FULL]: request.origin + redactPath(request.path),
        [SERVER_ADDRESS]: url.hostname,
        [SERVER_PORT]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
        ...(resendCount > 0 && { [RESEND_COUNT]: resendCount }),
        ...described?.attributes,
      },
    },
    context,
  );
  injectContext(span, request, aws !== undefined);
  return calls.begin(span);
}

function injectContext(span: Span, request: OutgoingRequest, aws: boolean): void {
  const context = span.spanContext();
  if (aws) {
    const header = toXrayHeader(request.header(XRAY_HEADER.toLowerCase()), context);
    if (header) request.setHeader(XRAY_HEADER, header);
    return;
  }
  // A function that writes the header itself knows why.
  if (request.header('traceparent') !== undefined) return;
  request.setHeader('traceparent', toTraceparent(context));
  const tracestate = context.traceState?.serialize();
  if (tracestate && request.header('tracestate') === undefined) request.setHeader('tracestate', tracestate);
}

/** Notes that the answer's head has come. */
export function noteAnswer(
  call: OpenCall,
  status: number,
  awsRequestId: string | undefined,
  nowUnixMs: number,
): void {
  call.answeredUnixMs = nowUnixMs;
  call.span.setAttribute(HTTP_RESPONSE_STATUS_CODE, status);
  if (awsRequestId) call.span.setAttribute(AWS_REQUEST_ID, awsRequestId);
  if (status >= 400) call.span.setAttribute(ERROR_TYPE, String(status)).setStatus({ code: STATUS_ERROR });
}

/** Notes why there was no whole answer. */
export function noteFailure(call: OpenCall, error: unknown): void {
  const { name, code, message } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  const type = typeof code === 'string' ? code : typeof name === 'string' ? name : 'error';
  call.span.setAttribute(ERROR_TYPE, type);
  call.span.setStatus({ code: STATUS_ERROR, ...(typeof message === 'string' && { message }) });
}

/** The names under which AWS services answer with their id of a request. */
export const AWS_REQUEST_ID_HEADERS: readonly string[] = ['x-amzn-requestid', 'x-amz-request-id'];

function redactPath(path: string): string {
  const question = path.indexOf('?');
  return question < 0 ? path : path.slice(0, question + 1) + redactQuery(path.slice(question + 1));
}
