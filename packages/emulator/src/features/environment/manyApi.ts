import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { mayBeWebPage } from '../../platform/webPage.ts';
import { sendInvocation, sendJson } from './apiAnswers.ts';
import type { FunctionSettings } from './functionConfig.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { isObject, parseJson } from '../../platform/json.ts';
import { readInvocationResult } from './invocationResult.ts';
import type { InvocationResult } from './invocationResult.ts';
import type { ExtensionInfo } from './lifecycle.ts';

/** What the APIs tell the environment that they belong to. */
export interface ManyEvents {
  /** Something has asked for its next event. */
  onNext(): void;
  onResult(requestId: string, result: InvocationResult): void;
  onInitError(errorType: string, payload: Buffer): void;
}

export interface ManyApiOptions {
  readonly settings: FunctionSettings;
  /** What becomes of a response: `late` after its time, `unknown` when there is no such invocation. */
  readonly stateOf: (requestId: string) => Invocation | 'late' | 'unknown';
  readonly events: ManyEvents;
}

/** The Runtime API and the Extensions API of an environment that serves many requests at once. */
export interface ManyApi {
  readonly authority: string;
  /** How many ask for an event at this moment. */
  waiting(): number;
  /** Whether the runtime and every extension have asked for a first event. */
  isInitialized(): boolean;
  extensions(): readonly ExtensionInfo[];
  /** Answers one of those that ask. */
  deliver(invocation: Invocation, deadlineUnixMs: number): void;
  stop(): Promise<void>;
}

const RESULT_PATH = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;
const RUNTIME = '/2018-06-01/runtime';
const EXTENSION = '/2020-01-01/extension';
const MAX_SMALL_BODY_BYTES = 1_000_000;

/**
 * Starts both APIs as Lambda Managed Instances have them: any number of `/next` at once, and internal extensions that
 * may register for no event (aws/aws-lambda-runtime-interface-emulator at 4fa21571, lambda-managed-instances/rapi).
 *
 * @param options the function and whom to tell
 */
export async function startManyApi(options: ManyApiOptions): Promise<ManyApi> {
  const { settings, events } = options;
  const waiting: ServerResponse[] = [];
  const extensions = new Map<string, { readonly name: string; isReady: boolean }>();
  let hasAsked = false;

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
    if (call === `GET ${EXTENSION}/event/next`) return extensionNext(request, response);
    const body = await readRequestBody(request, MAX_SMALL_BODY_BYTES);
    const bytes = body.status === 'whole' ? body.bytes : Buffer.alloc(0);
    if (call === `POST ${EXTENSION}/register`) return register(request, response, bytes);
    if (call !== `POST ${RUNTIME}/init/error`) return refuse(response, 404, 'NotFound', '404 page not found');
    sendJson(response, 202, { status: 'OK' });
    const errorType = request.headers['lambda-runtime-function-error-type'];
    events.onInitError(typeof errorType === 'string' ? errorType : 'Runtime.Unknown', bytes);
  }

  function runtimeNext(response: ServerResponse): void {
    hasAsked = true;
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

  function register(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
    const name = request.headers['lambda-extension-name'];
    if (typeof name !== 'string' || name === '')
      return refuse(response, 403, 'Extension.InvalidExtensionName', 'Empty extension name');
    // rapi/handler/agentregister.go, registerInternalAgent.
    if (hasEvents(bytes))
      return refuse(response, 403, 'Extension.InvalidEventType', 'No events allowed for internal extensions');
    if (hasAsked)
      return refuse(response, 403, 'Extension.RegistrationClosed', 'Extension registration closed already');
    const id = randomUUID();
    extensions.set(id, { name, isReady: false });
    const { name: functionName, handler } = settings;
    const document = { functionName, functionVersion: '$LATEST', handler };
    sendJson(response, 200, document, { 'Lambda-Extension-Identifier': id });
  }

  /** It never gets one: there is none that it could have. */
  function extensionNext(request: IncomingMessage, response: ServerResponse): void {
    const id = request.headers['lambda-extension-identifier'];
    const extension = extensions.get(String(id));
    if (!extension)
      return refuse(response, 403, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${String(id)}`);
    extension.isReady = true;
    events.onNext();
  }

  return {
    authority: server.authority,
    waiting: () => waiting.length,
    isInitialized: () => hasAsked && [...extensions.values()].every(({ isReady }) => isReady),
    extensions: () =>
      [...extensions.values()].map(({ name, isReady }) => ({
        name,
        kind: 'internal',
        events: [],
        state: isReady ? 'Ready' : 'Registered',
      })),
    deliver: (invocation, deadlineUnixMs) => {
      const next = waiting.shift();
      if (!next) throw new Error('nobody asks for an event');
      sendInvocation(next, settings.arn, invocation, deadlineUnixMs);
    },
    stop: () => server.stop(),
  };
}

function refuse(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  sendJson(response, status, { errorMessage, errorType });
}

function hasEvents(bytes: Buffer): boolean {
  const document = parseJson(bytes);
  return isObject(document) && Array.isArray(document['events']) && document['events'].length > 0;
}
