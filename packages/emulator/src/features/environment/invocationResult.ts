import type { IncomingMessage } from 'node:http';
import { readRequestBody } from '../../platform/requestBody.ts';
import type { InvocationOutcome, ResponseSink } from '../../platform/invocation.ts';
import { isObject, parseJson } from '../../platform/json.ts';
import { headerOf } from '../../platform/requestHeader.ts';

/** What the runtime sent at the end of an invocation, and what it is answered. */
export interface InvocationResult {
  readonly status: 'ok' | 'error';
  readonly errorType: string;
  readonly payload: Buffer;
  readonly contentType: string;
  /** How much the function has sent, also where it has been passed on already. */
  readonly producedBytes: number;
  readonly answer: { readonly status: number; readonly body: unknown };
}

/** 6 MiB and 100 bytes: the platform's limit of a response (rapid core, interop/model.go `MaxPayloadSize`). */
export const MAX_PAYLOAD_BYTES: number = 6 * 1024 * 1024 + 100;
/** A streamed response may be larger; its limit is soft on the platform and protects our memory here. */
const MAX_STREAMED_BYTES = 200 * 1024 * 1024;
const ACCEPTED = { status: 202, body: { status: 'OK' } };

/**
 * Reads what the runtime posts to `/response` or `/error`. A response that the function streams goes to the sink as it
 * comes, where there is one; an error that ends it comes in trailers (rapid core, core/directinvoke, `Trailer`;
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html, "Implementing response streaming").
 *
 * @param request the post
 * @param kind which of the two
 * @param sink where a streamed response goes
 * @returns the result; rejects when the connection breaks first
 */
export async function readInvocationResult(
  request: IncomingMessage,
  kind: 'response' | 'error',
  sink?: ResponseSink,
): Promise<InvocationResult> {
  const streamed = headerOf(request, 'lambda-runtime-function-response-mode') === 'streaming';
  const maxBytes = streamed ? MAX_STREAMED_BYTES : MAX_PAYLOAD_BYTES;
  const contentType = headerOf(request, 'content-type') ?? 'application/json';
  const passedOn =
    streamed && sink && kind === 'response' ? await passOn(request, contentType, sink) : undefined;
  const body =
    passedOn === undefined
      ? await readRequestBody(request, maxBytes)
      : ({ status: 'whole', bytes: Buffer.alloc(0) } as const);
  if (body.status === 'tooLarge') return tooLarge(body.sizeBytes, maxBytes);
  const producedBytes = passedOn ?? body.bytes.length;
  const common = { contentType, producedBytes, answer: ACCEPTED };
  // A stream that fails has a 200 on its way already; the error comes behind it.
  const trailingType = request.trailers['lambda-runtime-function-error-type'];
  if (trailingType !== undefined) {
    const errorBody = Buffer.from(request.trailers['lambda-runtime-function-error-body'] ?? '', 'base64');
    return { status: 'error', errorType: trailingType, payload: errorBody, ...common };
  }
  if (kind === 'response') return { status: 'ok', errorType: '', payload: body.bytes, ...common };
  const errorType = headerOf(request, 'lambda-runtime-function-error-type') ?? errorTypeOf(body.bytes);
  return { status: 'error', errorType, payload: body.bytes, ...common };
}

/**
 * Says what the caller is told.
 *
 * @param result what the runtime sent
 */
export function toOutcome({ status, payload, contentType, errorType }: InvocationResult): InvocationOutcome {
  return status === 'ok' ? { status, payload, contentType } : { status, errorType, payload };
}

/** Nothing is kept of what has been passed on, but how many bytes it was. */
async function passOn(request: IncomingMessage, contentType: string, sink: ResponseSink): Promise<number> {
  let sizeBytes = 0;
  sink.begin(contentType);
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    sizeBytes += bytes.length;
    await sink.write(bytes);
  }
  if (!request.complete) throw new Error('The connection ended before the response did.');
  return sizeBytes;
}

function tooLarge(sizeBytes: number, maxBytes: number): InvocationResult {
  const errorType = 'Function.ResponseSizeTooLarge';
  const errorMessage = `Response payload size (${sizeBytes} bytes) exceeded maximum allowed payload size (${maxBytes} bytes).`;
  const told = `Exceeded maximum allowed payload size (${maxBytes} bytes).`;
  return {
    status: 'error',
    errorType,
    payload: Buffer.from(JSON.stringify({ errorType, errorMessage })),
    contentType: 'application/json',
    producedBytes: sizeBytes,
    answer: { status: 413, body: { errorMessage: told, errorType: 'RequestEntityTooLarge' } },
  };
}

function errorTypeOf(payload: Buffer): string {
  const document = parseJson(payload);
  const errorType = isObject(document) ? document['errorType'] : undefined;
  return typeof errorType === 'string' ? errorType : 'Runtime.Unknown';
}
