import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { refuse, sendInvocation, sendJson } from './apiAnswers.ts';
import type { Respond } from './apiAnswers.ts';
import { createExtensionApi } from './extensionApi.ts';
import type { ExtensionApiEvents, ExtensionApiOptions } from './extensionApi.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import type { LoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { mayBeWebPage } from '../../platform/webPage.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { decodePart } from '../../platform/requestUrl.ts';
import { headerOf } from '../../platform/requestHeader.ts';
import { readInvocationResult } from './invocationResult.ts';
import type { InvocationResult } from './invocationResult.ts';
import type { ShutdownReason } from './shutdown.ts';

/** What the APIs tell the environment that they belong to. */
export interface ApiEvents extends ExtensionApiEvents {
  /** The runtime has asked for its next event; comes before `onNext`. */
  onRuntimeNext(): void;
  /** The runtime begins to send its response or error. */
  onResponse(): void;
  /** The runtime has sent its whole response or error. */
  onResult(result: InvocationResult): void;
  onInitError(errorType: string, payload: Buffer): void;
  /** What the runtime does after a restore has failed. */
  onRestoreError(errorType: string, payload: Buffer): void;
}

export interface ApiOptions extends ExtensionApiOptions {
  readonly functionArn: string;
  readonly events: ApiEvents;
}

/** The Runtime API and the Extensions API of one environment, on a port of its own: environments cannot mix. */
export interface ApiServer {
  readonly authority: string;
  /** How many `/next` of the runtime wait at this moment. */
  waiting(): number;
  /** Answers the waiting `/next` of the runtime and of the extensions subscribed. */
  deliver(invocation: Invocation, deadlineUnixMs: number): void;
  /** Answers the runtime that waits to be restored. */
  restore(): void;
  /** Sends SHUTDOWN to the extensions subscribed to it, at once or when they ask; returns their names. */
  shutDown(reason: ShutdownReason, deadlineUnixMs: number): readonly string[];
  stop(): Promise<void>;
}

const RUNTIME = '/2018-06-01/runtime';
const RESULT_PATH = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;
const LOGS_PATH = '/2020-08-15/logs';
const MAX_SMALL_BODY_BYTES = 1_000_000;

/**
 * Starts both APIs of one environment.
 *
 * @param options the environment's rules, names and callbacks
 */
export async function startApiServer(options: ApiOptions): Promise<ApiServer> {
  const { lifecycle, events } = options;
  const extensionApi = createExtensionApi(options);
  let waitingRuntime: ServerResponse | undefined;
  let waitingRestore: ServerResponse | undefined;
  let current: { readonly invocation: Invocation; readonly deadlineUnixMs: number } | undefined;

  const server: LoopbackServer = await startLoopbackServer((request, response) => {
    route(request, response).catch(() => response.destroy());
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = `${request.method} ${request.url}`;
    if (mayBeWebPage(request)) {
      response.writeHead(403, { connection: 'close' }).end();
      return;
    }
    const respond: Respond = (status, body, headers) => sendJson(response, status, body, headers);
    if (call === `GET ${RUNTIME}/invocation/next`) return runtimeNext(response, respond);
    const result = request.method === 'POST' ? RESULT_PATH.exec(request.url ?? '') : null;
    if (result)
      return runtimeResult(request, respond, result[2] as 'response' | 'error', decodePart(result[1]!));
    if (call === `GET ${RUNTIME}/restore/next`) return restoreNext(response, respond);
    if (call === `POST ${RUNTIME}/restore/error`) return restoreError(request, respond);
    if (call === `POST ${RUNTIME}/init/error`) return runtimeInitError(request, respond);
    const answered = extensionApi.answer(request, response);
    if (answered) return answered;
    await readRequestBody(request, MAX_SMALL_BODY_BYTES);
    if (call === `GET ${RUNTIME}/ping` || call === 'GET /ping') return respond(200, 'pong');
    if (call === `PUT ${LOGS_PATH}`) return refuseLogs(respond);
    respond(404, { errorType: 'NotFound', errorMessage: `404 page not found` });
  }

  function runtimeNext(response: ServerResponse, respond: Respond): void {
    const step = lifecycle.runtimeNext();
    if (step.status === 'refused') return refuse(respond, step);
    if (step.status === 'repeat' && current)
      return sendInvocation(response, options.functionArn, current.invocation, current.deadlineUnixMs);
    waitingRuntime = response;
    events.onRuntimeNext();
    events.onNext();
  }

  /** It is answered when the environment is restored (rapi/handler/restorenext.go). */
  function restoreNext(response: ServerResponse, respond: Respond): void {
    const step = lifecycle.runtimeRestoreNext();
    if (step.status === 'refused') return refuse(respond, step);
    waitingRestore = response;
    events.onNext();
  }

  async function restoreError(request: IncomingMessage, respond: Respond): Promise<void> {
    const body = await readRequestBody(request, MAX_SMALL_BODY_BYTES);
    respond(202, { status: 'OK' });
    const errorType = headerOf(request, 'lambda-runtime-function-error-type') ?? 'Runtime.Unknown';
    events.onRestoreError(errorType, body.status === 'whole' ? body.bytes : Buffer.from('{}'));
  }

  async function runtimeResult(
    request: IncomingMessage,
    respond: Respond,
    kind: 'response' | 'error',
    requestId: string,
  ): Promise<void> {
    // The platform validates the id before it looks at its state.
    if (requestId !== current?.invocation.requestId) {
      await readRequestBody(request, 0).catch(() => undefined);
      return respond(400, { errorMessage: 'Invalid request ID', errorType: 'InvalidRequestID' });
    }
    const step = lifecycle.beginResponse();
    if (step.status === 'refused') {
      await readRequestBody(request, 0).catch(() => undefined);
      return refuse(respond, step);
    }
    events.onResponse();
    const result = await readInvocationResult(request, kind, current.invocation.sink);
    lifecycle.responseSent();
    events.onResult(result);
    // The caller's answer is written by now or in the microtasks that follow: only then may the runtime go on.
    setImmediate(() => respond(result.answer.status, result.answer.body));
  }

  async function runtimeInitError(request: IncomingMessage, respond: Respond): Promise<void> {
    const body = await readRequestBody(request, MAX_SMALL_BODY_BYTES);
    const step = lifecycle.runtimeInitError();
    if (step.status === 'refused') return refuse(respond, step);
    respond(202, { status: 'OK' });
    const errorType = headerOf(request, 'lambda-runtime-function-error-type') ?? 'Runtime.Unknown';
    events.onInitError(errorType, body.status === 'whole' ? body.bytes : Buffer.from('{}'));
  }

  function deliver(invocation: Invocation, deadlineUnixMs: number): void {
    current = { invocation, deadlineUnixMs };
    for (const id of lifecycle.beginInvoke()) {
      const event = {
        eventType: 'INVOKE',
        deadlineMs: Math.floor(deadlineUnixMs),
        requestId: invocation.requestId,
        invokedFunctionArn: options.functionArn,
        tracing: { type: 'X-Amzn-Trace-Id', value: invocation.traceId },
      };
      extensionApi.send(id, event, { 'Lambda-Extension-Event-Identifier': randomUUID() });
    }
    const runtime = waitingRuntime;
    waitingRuntime = undefined;
    if (runtime) sendInvocation(runtime, options.functionArn, invocation, deadlineUnixMs);
  }

  return {
    authority: server.authority,
    waiting: () => (waitingRuntime ? 1 : 0),
    deliver,
    restore: () => void waitingRestore?.writeHead(200).end(),
    shutDown: (reason, deadlineUnixMs) => extensionApi.shutDown(reason, deadlineUnixMs),
    stop: () => server.stop(),
  };
}

/** Outdated on AWS, and not to be had in the platform's own emulator either (rapi/router.go, LogsAPIStubRouter). */
function refuseLogs(respond: Respond): void {
  respond(202, { errorMessage: 'Logs API is not supported', errorType: 'Logs.NotSupported' });
}
