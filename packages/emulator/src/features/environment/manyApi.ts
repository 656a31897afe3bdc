import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Invocation } from '../../platform/invocation.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { headerOf } from '../../platform/requestHeader.ts';
import { mayBeWebPage } from '../../platform/webPage.ts';
import { sendInvocation, sendJson } from './apiAnswers.ts';
import type { ApiServer } from './apiServer.ts';
import { createExtensionApi } from './extensionApi.ts';
import type { ExtensionApiEvents, ExtensionApiOptions } from './extensionApi.ts';
import { readInvocationResult } from './invocationResult.ts';
import type { InvocationResult } from './invocationResult.ts';

/** What the APIs tell the environment that they belong to. */
export interface ManyEvents extends ExtensionApiEvents {
  onResult(requestId: string, result: InvocationResult): void;
  onInitError(errorType: string, payload: Buffer): void;
}

export interface ManyApiOptions extends ExtensionApiOptions {
  readonly functionArn: string;
  /** What becomes of a response: `late` after its time, `unknown` when there is no such invocation. */
  readonly stateOf: (requestId: string) => Invocation | 'late' | 'unknown';
  readonly events: ManyEvents;
}

const RESULT_PATH = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;
const RUNTIME = '/2018-06-01/runtime';
const MAX_SMALL_BODY_BYTES = 1_000_000;

/**
 * Starts both APIs as Lambda Managed Instances have them: any number of `/next` at once
 * (aws/aws-lambda-runtime-interface-emulator at 4fa21571, lambda-managed-instances/rapi).
 *
 * @param options the environment's rules, names and callbacks
 */
export async function startManyApi(options: ManyApiOptions): Promise<ApiServer> {
  const { lifecycle, events } = options;
  const extensionApi = createExtensionApi(options);
  const waiting: ServerResponse[] = [];

  const server = await startLoopbackServer((request, response) => {
    route(request, response).catch(() => response.destroy());
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = `${request.method} ${request.url}`;
    if (mayBeWebPage(request)) {
      response.writeHead(403, { connection: 'close' }).end();
      return;
    }
    if (call === `GET ${RUNTIME}/invocation/next`) return runtimeNext(response);
    const result = request.method === 'POST' ? RESULT_PATH.exec(request.url ?? '') : null;
    if (result) return runtimeResult(request, response, result[2] as 'response' | 'error', result[1]!);
    const answered = extensionApi.answer(request, response);
    if (answered) return answered;
    const body = await readRequestBody(request, MAX_SMALL_BODY_BYTES);
    if (call !== `POST ${RUNTIME}/init/error`) return refuse(response, 404, 'NotFound', '404 page not found');
    sendJson(response, 202, { status: 'OK' });
    const errorType = headerOf(request, 'lambda-runtime-function-error-type') ?? 'Runtime.Unknown';
    events.onInitError(errorType, body.status === 'whole' ? body.bytes : Buffer.alloc(0));
  }

  function runtimeNext(response: ServerResponse): void {
    lifecycle.runtimeNext();
    waiting.push(response);
    response.once('close', () => {
      const at = waiting.indexOf(response);
      if (at >= 0) waiting.splice(at, 1);
    });
    events.onNext();
  }

  async function runtimeResult(
    request: IncomingMessage,
    response: ServerResponse,
    kind: 'response' | 'error',
    requestId: string,
  ): Promise<void> {
    const state = options.stateOf(requestId);
    if (typeof state === 'string') {
      await readRequestBody(request, 0).catch(() => undefined);
      // rapi/handler/invocationresponse.go, RenderInvokeTimeout and RenderInvalidRequestID.
      return state === 'late'
        ? refuse(response, 410, 'InvokeTimeout', 'Invoke timeout')
        : refuse(response, 400, 'InvalidRequestID', 'Invalid request ID');
    }
    const result = await readInvocationResult(request, kind, state.sink);
    events.onResult(requestId, result);
    setImmediate(() => sendJson(response, result.answer.status, result.answer.body));
  }

  return {
    authority: server.authority,
    waiting: () => waiting.length,
    deliver: (invocation, deadlineUnixMs) => {
      const next = waiting.shift();
      if (!next) throw new Error('nobody asks for an event');
      sendInvocation(next, options.functionArn, invocation, deadlineUnixMs);
    },
    restore: () => undefined,
    shutDown: (reason, deadlineUnixMs) => extensionApi.shutDown(reason, deadlineUnixMs),
    stop: () => server.stop(),
  };
}

function refuse(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  sendJson(response, status, { errorMessage, errorType });
}
