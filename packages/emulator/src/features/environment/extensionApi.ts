import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isObject, parseJson } from '../../platform/json.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { headerOf } from '../../platform/requestHeader.ts';
import { forbid, refuse, sendJson } from './apiAnswers.ts';
import type { Respond } from './apiAnswers.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ShutdownReason } from './shutdown.ts';
import type { TelemetryAnswer } from './telemetry.ts';

/** What the Extensions API and the Telemetry API tell the environment that they belong to. */
export interface ExtensionApiEvents {
  /** Something has asked for its next event: look whether all have. */
  onNext(): void;
  /** An extension has registered. */
  onRegistered(): void;
  /** An extension, by its name, wants telemetry. */
  onSubscribe(name: string, body: Buffer): TelemetryAnswer;
  onExtensionError(errorType: string): void;
}

export interface ExtensionApiOptions {
  readonly lifecycle: Lifecycle;
  readonly functionName: string;
  readonly accountId: string;
  readonly handler: string;
  readonly events: ExtensionApiEvents;
}

/** What extensions talk to. */
export interface ExtensionApi {
  /** Answers a request of theirs; undefined when it is none. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined;
  /** Sends an event to an extension that waits for one. */
  send(id: string, event: object, headers?: Readonly<Record<string, string>>): void;
  /** Sends SHUTDOWN to the extensions subscribed to it, at once or when they ask; returns their names. */
  shutDown(reason: ShutdownReason, deadlineUnixMs: number): readonly string[];
}

const EXTENSION = '/2020-01-01/extension';
const TELEMETRY_PATH = /^\/2022-07-01\/telemetry\/?$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_SMALL_BODY_BYTES = 1_000_000;

/**
 * Makes both, which are the same for an environment of either kind.
 *
 * @param options the environment's rules, names and callbacks
 */
export function createExtensionApi(options: ExtensionApiOptions): ExtensionApi {
  const { lifecycle, events } = options;
  const waitingExtensions = new Map<string, ServerResponse>();
  let shutdownEvent: object | undefined;

  function answer(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
    const call = `${request.method} ${request.url}`;
    const respond: Respond = (status, body, headers) => sendJson(response, status, body, headers);
    if (call === `POST ${EXTENSION}/register`) return register(request, respond);
    if (call === `GET ${EXTENSION}/event/next`) return extensionNext(request, response, respond);
    if (call === `POST ${EXTENSION}/init/error`) return extensionError(request, respond, 'init');
    if (call === `POST ${EXTENSION}/exit/error`) return extensionError(request, respond, 'exit');
    return request.method === 'PUT' && TELEMETRY_PATH.test(request.url ?? '')
      ? subscribe(request, respond)
      : undefined;
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

  async function extensionNext(
    request: IncomingMessage,
    response: ServerResponse,
    respond: Respond,
  ): Promise<void> {
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

  function send(id: string, event: object, headers?: Readonly<Record<string, string>>): void {
    const waiting = waitingExtensions.get(id);
    waitingExtensions.delete(id);
    if (waiting) sendJson(waiting, 200, event, headers);
  }

  function shutDown(shutdownReason: ShutdownReason, deadlineUnixMs: number): readonly string[] {
    shutdownEvent = { eventType: 'SHUTDOWN', shutdownReason, deadlineMs: Math.floor(deadlineUnixMs) };
    const told = lifecycle.beginShutdown();
    for (const id of told) send(id, shutdownEvent);
    return told.map((id) => lifecycle.nameOf(id) ?? '');
  }

  return { answer, send, shutDown };
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
