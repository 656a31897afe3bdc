import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Invocation, InvocationOutcome, InvokeFunction } from '../../platform/invocation.ts';
import { sendReply, toJsonReply } from '../../platform/httpResponse.ts';
import type { HttpReply } from '../../platform/httpResponse.ts';
import { parseJson } from '../../platform/json.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { mayBeWebPage } from '../../platform/webPage.ts';
import { InvokeError } from './invokeError.ts';
import { parseInvokeRequest } from './invokeRequest.ts';
import type { InvokeRequest } from './invokeRequest.ts';
import { MAX_LOG_BYTES } from './logTail.ts';
import type { LogTail } from './logTail.ts';
import { createStreamAnswer } from './streamAnswer.ts';

export interface InvokeApiOptions {
  readonly port: number;
  readonly account: { readonly region: string; readonly accountId: string };
  readonly isFunction: (name: string) => boolean;
  readonly invoke: InvokeFunction;
  /** Hands an event over to be run later. */
  readonly accept: (functionName: string, call: Invocation) => void;
  readonly logTail: LogTail;
  readonly toTraceId: (incoming: string | undefined) => string;
}

/** Lambda's Invoke API, listening. */
export interface InvokeApi {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Lambda quotas, "Invocation payload (request and response)": 6 MB synchronous, 1 MB asynchronous. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;
const MAX_ASYNC_PAYLOAD_BYTES = 1024 * 1024;
/** The report is written when the environment rests; one that an extension holds shall not hold the caller as well. */
const LOG_WAIT_MS = 2000;
/** What a function wrote last may still be in a pipe when its report is written. */
const LOG_SETTLE_MS = 20;

/**
 * Starts the Invoke API: `POST /2015-03-31/functions/<name>/invocations`, as the Lambda API reference has it ("Invoke").
 *
 * @param options functions, and the ways to them
 */
export async function startInvokeApi(options: InvokeApiOptions): Promise<InvokeApi> {
  const { account, logTail } = options;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    let reply: HttpReply | undefined;
    try {
      reply = await run(request, response, requestId);
    } catch (error) {
      if (!(error instanceof InvokeError)) throw error;
      reply = toErrorReply(error);
    }
    if (reply)
      sendReply(response, { ...reply, headers: [...reply.headers, ['x-amzn-requestid', requestId]] });
  }

  /** Gives the answer; nothing when it has been sent on its way already. */
  async function run(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<HttpReply | undefined> {
    const body = await readRequestBody(request, MAX_PAYLOAD_BYTES);
    if (mayBeWebPage(request))
      throw new InvokeError(403, 'AccessDeniedException', 'No request from a web page is served.');
    const asked = parseInvokeRequest(request, account);
    if (!options.isFunction(asked.functionName))
      throw new InvokeError(
        404,
        'ResourceNotFoundException',
        `Function not found: arn:aws:lambda:${account.region}:${account.accountId}:function:${asked.functionName}`,
        { Type: 'User' },
      );
    const maxBytes = asked.type === 'Event' ? MAX_ASYNC_PAYLOAD_BYTES : MAX_PAYLOAD_BYTES;
    if (body.status === 'tooLarge' || body.bytes.length > maxBytes)
      throw new InvokeError(
        413,
        'RequestTooLargeException',
        `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`,
        { Type: 'User' },
      );
    const payload = body.bytes.length === 0 ? Buffer.from('{}') : body.bytes;
    if (parseJson(payload) === undefined)
      throw new InvokeError(
        400,
        'InvalidRequestContentException',
        'Could not parse request body into json: the payload is not JSON',
        { Type: 'User' },
      );
    if (asked.type === 'DryRun') return { statusCode: 204, headers: [], body: Buffer.alloc(0) };
    const call: Invocation = {
      payload,
      requestId,
      traceId: options.toTraceId(asked.traceHeader),
      // An asynchronous invocation has none: "Lambda passes the ClientContext object for synchronous invocations only".
      clientContext: asked.type === 'Event' ? undefined : asked.clientContext,
    };
    if (asked.type === 'Event') {
      options.accept(asked.functionName, call);
      return { statusCode: 202, headers: [], body: Buffer.alloc(0) };
    }
    return invokeNow(asked, call, response);
  }

  async function invokeNow(
    { functionName, wantsLog, streams }: InvokeRequest,
    call: Invocation,
    response: ServerResponse,
  ): Promise<HttpReply | undefined> {
    const streamed = streams ? createStreamAnswer(response, call.requestId) : undefined;
    const log = wantsLog ? logTail.follow(call.requestId) : undefined;
    const reply = await options.invoke(functionName, { ...call, sink: streamed?.sink });
    if (reply.status === 'throttled') {
      log?.end();
      throw toThrottled(reply);
    }
    const timer = log && setTimeout(() => log.end(), LOG_WAIT_MS);
    const lines = await log?.lines.then(settle(log.lines)).finally(() => clearTimeout(timer));
    const logResult = lines === undefined ? undefined : toLogResult(lines);
    if (streamed) {
      streamed.finish(reply, logResult);
      return undefined;
    }
    return {
      statusCode: 200,
      headers: [
        ['content-type', reply.status === 'ok' ? reply.contentType : 'application/json'],
        ['x-amz-executed-version', '$LATEST'],
        ...(reply.status === 'error' ? [['x-amz-function-error', 'Unhandled'] as const] : []),
        ...(logResult === undefined ? [] : [['x-amz-log-result', logResult] as const]),
      ],
      body: reply.payload,
    };
  }

  const server = await startLoopbackServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }, options.port);
  return { endpoint: `http://${server.authority}`, stop: () => server.stop() };
}

/** The name of the field with the message differs from one error of Lambda's to the other. */
function toErrorReply({ statusCode, code, message, details }: InvokeError): HttpReply {
  const said = code === 'ResourceNotFoundException' ? { Message: message } : { message };
  return toJsonReply(statusCode, { ...details, ...said }, { 'x-amzn-errortype': code });
}

function settle(lines: Promise<string>): () => Promise<string> {
  return async () => {
    await new Promise((resolve) => {
      setTimeout(resolve, LOG_SETTLE_MS);
    });
    return lines;
  };
}

function toLogResult(lines: string): string {
  return Buffer.from(lines).subarray(-MAX_LOG_BYTES).toString('base64');
}

function toThrottled({ reason }: Extract<InvocationOutcome, { status: 'throttled' }>): InvokeError {
  return new InvokeError(429, 'TooManyRequestsException', 'Rate Exceeded.', { Reason: reason, Type: 'User' });
}
