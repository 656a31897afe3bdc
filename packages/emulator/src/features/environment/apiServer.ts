import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { sendInvocation, sendJson } from './apiAnswers.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import type { LoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { mayBeWebPage } from '../../platform/webPage.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { decodePart } from '../../platform/requestUrl.ts';
import { isObject, parseJson } from '../../platform/json.ts';
import { headerOf } from '../../platform/requestHeader.ts';
import type { Lifecycle, Refusal } from './lifecycle.ts';
import { readInvocationResult } from './invocationResult.ts';
import type { InvocationResult } from './invocationResult.ts';
import type { ShutdownReason } from './shutdown.ts';
import type { TelemetryAnswer } from './telemetry.ts';

/** What the APIs tell the environment that they belong to. */
export interface ApiEvents {
  /** Something has asked for its next event: look whether all have. */
  onNext(): void;
  /** The runtime has asked for its next event; comes before `onNext`. */
  onRuntimeNext(): void;
  /** An extension has registered. */
  onRegistered(): void;
  /** An extension, by its name, wants telemetry. */
  onSubscribe(name: string, body: Buffer): TelemetryAnswer;
  /** The runtime begins to send its response or error. */
  onResponse(): void;
  /** The runtime has sent its whole response or error. */
  onResult(result: InvocationResult): void;
  onInitError(errorType: string, payload: Buffer): void;
  /** What the runtime does after a restore has failed. */
  onRestoreError(errorType: string, payload: Buffer): void;
  onExtensionError(errorType: string): void;
}

export interface ApiOptions {
  readonly lifecycle: Lifecycle;
  readonly functionName: string;
  readonly functionArn: string;
  readonly accountId: string;
  readonly handler: string;
  readonly events: ApiEvents;
}

/** The Runtime API and the Extensions API of one environment, on a port of its own: environments cannot mix. */
export interface ApiServer {
  readonly authority: string;
  /** Answers the waiting `/next` of the runtime and of the extensions subscribed. */
  deliver(invocation: Invocation, deadlineUnixMs: number): void;
  /** Answers the runtime that waits to be restored. */
  restore(): void;
  /** Sends SHUTDOWN to the extensions subscribed to it, at once or when they ask; returns their names. */
  shutDown(reason: ShutdownReason, deadlineUnixMs: number): readonly string[];
  stop(): Promise<void>;
}

type Respond = (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => void;

const RUNTIME = '/2018-06-01/runtime';
const EXTENSION = '/2020-01-01/extension';
const RESULT_PATH = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;
const TELEMETRY_PATH = /^\/2022-07-01\/telemetry\/?$/;
const LOGS_PATH = '/2020-08-15/logs';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_SMALL_BODY_BYTES = 1_000_000;

/**
 * Starts both APIs of one environment.
 *
 * @param options the environment's rules, names and callbacks
 */
export async function startApiServer(options: ApiOptions): Promise<ApiServer> {
  const { lifecycle, events } = options;
  const waitingExtensions = new Map<string, ServerResponse>();
  let waitingRuntime: ServerResponse | undefined;
  let waitingRestore: ServerResponse | undefined;
  let shutdownEvent: object | undefined;
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
    if (call === `POST ${EXTENSION}/register`) return register(request, respond);
    if (call === `GET ${EXTENSION}/event/next`) return extensionNext(request, response, respond);
    if (call === `POST ${EXTENSION}/init/error`) return extensionError(request, respond, 'init');
    if (call === `POST ${EXTENSION}/exit/error`) return extensionError(request, respond, 'exit');
    if (request.method === 'PUT' && TELEMETRY_PATH.test(request.url ?? ''))
      return subscribe(request, respond);
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

  async function register(request: IncomingMessage, respond: Respond): Promise<void> {
    const body = await readRequestBody(request, MAX_SMALL_BODY_BYTES);
    const name = headerOf(request, 'lambda-extension-name');
    if (!name) return forbid(respond, 'Extension.InvalidExtensionName', 'Empty extension name');
    const wanted = parseEvents(body.status === 'whole' ? body.bytes : Buffer.alloc(0));
    if (!wanted) return forbid(respond, 'InvalidRequestFormat', 'The body must be {"events":["INVOKE"]}');
    const id = randomUUID();
    const step = lifecycle.register(name, wanted, id);
    if (step.status === 'refused') return refuse(respond, step);
    const features = (headerOf(request, 'lambda-extension-accept-feature') ?? '')
      .split(',')
      .map((part) => part.trim());
    const account = features.includes('accountId') ? { accountId: options.accountId } : {};
    const document = {
      functionName: options.functionName,
      functionVersion: '$LATEST',
      handler: options.handler,
      ...account,
    };
    respond(200, document, { 'Lambda-Extension-Identifier': id });
    events.onRegistered();
  }

  function extensionNext(request: IncomingMessage, response: ServerResponse, respond: Respond): void {
    const id = extensionId(request, respond);
    if (id === undefined) return;
    const step = lifecycle.extensionNext(id);
    if (step.status === 'refused') return refuse(respond, step);
    if (step.status === 'shutdown' && shutdownEvent) return sendJson(response, 200, shutdownEvent);
    waitingExtensions.set(id, response);
    events.onNext();
  }

  async function extensionError(
    request: IncomingMessage,
    respond: Respond,
    when: 'init' | 'exit',
  ): Promise<void> {
    await readRequestBody(request, MAX_SMALL_BODY_BYTES);
    const id = extensionId(request, respond);
    if (id === undefined) return;
    if (!headerOf(request, 'lambda-extension-function-error-type')) {
      return forbid(respond, 'Extension.MissingHeader', 'Lambda-Extension-Function-Error-Type not found');
    }
    const step = lifecycle.extensionError(id, when);
    if (step.status === 'refused') return refuse(respond, step);
    respond(202, { status: 'OK' });
    events.onExtensionError(when === 'init' ? 'Extension.InitError' : 'Extension.ExitError');
  }

  async function subscribe(request: IncomingMessage, respond: Respond): Promise<void> {
    const body = await readRequestBody(request, MAX_SMALL_BODY_BYTES);
    const id = extensionId(request, respond);
    if (id === undefined) return;
    // External and internal extensions alike (rapi/handler/runtimelogs.go, getAgentName).
    const name = lifecycle.nameOf(id);
    if (name === undefined)
      return forbid(respond, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${id}`);
    const answer = events.onSubscribe(name, body.status === 'whole' ? body.bytes : Buffer.alloc(0));
    respond(answer.status, answer.body);
  }

  function deliver(invocation: Invocation, deadlineUnixMs: number): void {
    current = { invocation, deadlineUnixMs };
    for (const id of lifecycle.beginInvoke()) {
      const waiting = waitingExtensions.get(id);
      waitingExtensions.delete(id);
      const event = {
        eventType: 'INVOKE',
        deadlineMs: Math.floor(deadlineUnixMs),
        requestId: invocation.requestId,
        invokedFunctionArn: options.functionArn,
        tracing: { type: 'X-Amzn-Trace-Id', value: invocation.traceId },
      };
      if (waiting) sendJson(waiting, 200, event, { 'Lambda-Extension-Event-Identifier': randomUUID() });
    }
    const runtime = waitingRuntime;
    waitingRuntime = undefined;
    if (runtime) sendInvocation(runtime, options.functionArn, invocation, deadlineUnixMs);
  }

  function shutDown(shutdownReason: ShutdownReason, deadlineUnixMs: number): readonly string[] {
    shutdownEvent = { eventType: 'SHUTDOWN', shutdownReason, deadlineMs: Math.floor(deadlineUnixMs) };
    const told = lifecycle.beginShutdown();
    for (const id of told) {
      const waiting = waitingExtensions.get(id);
      waitingExtensions.delete(id);
      if (waiting) sendJson(waiting, 200, shutdownEvent);
    }
    return told.map((id) => lifecycle.nameOf(id) ?? '');
  }

  return {
    authority: server.authority,
    deliver,
    restore: () => void waitingRestore?.writeHead(200).end(),
    shutDown,
    stop: () => server.stop(),
  };
}

function refuse(respond: Respond, { errorType, errorMessage }: Refusal): void {
  forbid(respond, errorType, errorMessage);
}

function forbid(respond: Respond, errorType: string, errorMessage: string): void {
  respond(403, { errorMessage, errorType });
}

/** Outdated on AWS, and not to be had in the platform's own emulator either (rapi/router.go, LogsAPIStubRouter). */
function refuseLogs(respond: Respond): void {
  respond(202, { errorMessage: 'Logs API is not supported', errorType: 'Logs.NotSupported' });
}

function extensionId(request: IncomingMessage, respond: Respond): string | undefined {
  const id = headerOf(request, 'lambda-extension-identifier');
  if (!id) {
    forbid(respond, 'Extension.MissingExtensionIdentifier', 'Missing Lambda-Extension-Identifier header');
    return undefined;
  }
  if (UUID.test(id)) return id.toLowerCase();
  forbid(respond, 'Extension.InvalidExtensionIdentifier', 'Invalid Lambda-Extension-Identifier');
  return undefined;
}

function parseEvents(bytes: Buffer): readonly string[] | undefined {
  const document = parseJson(bytes);
  if (document === undefined) return undefined;
  const events = (isObject(document) ? document['events'] : undefined) ?? [];
  return Array.isArray(events) && events.every((event) => typeof event === 'string') ? events : undefined;
}
