import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import { withinMs } from '../../platform/invocation.ts';
import type { InvocationOutcome, InvokeFunction } from '../../platform/invocation.ts';
import type { Clock } from '../../platform/clock.ts';
import { LOOPBACK } from '../../platform/gatewayHeaders.ts';
import { isObject, parseJson } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';
import { createAskAuthorizer } from '../../platform/lambdaAuthorizer.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { splitUrl } from '../../platform/requestUrl.ts';
import type { Connection, ConnectionFacts } from './connection.ts';
import { MAX_MESSAGE_BYTES, answerConnections } from './connectionsApi.ts';
import { selectRoute } from './selectRoute.ts';
import { WEB_SOCKET_DEFAULTS } from './webSocketApiConfig.ts';
import type { WebSocketApiConfig, WebSocketRoute } from './webSocketApiConfig.ts';
import { authorizeConnection } from './webSocketAuthorizer.ts';
import { toConnectEvent, toDisconnectEvent, toId, toMessageEvent } from './webSocketEvent.ts';
import type { WebSocketEventInput } from './webSocketEvent.ts';

export interface WebSocketFrontOptions {
  readonly config: WebSocketApiConfig;
  readonly apiId: string;
  readonly accountId: string;
  readonly region: string;
  readonly invoke: InvokeFunction;
  readonly toTraceId: (incoming: string | undefined) => string;
  readonly clock: Clock;
}

/** A WebSocket API, listening. */
export interface WebSocketFront {
  /** `ws://127.0.0.1:<port>/<stage>`. */
  readonly url: string;
  /** `http://127.0.0.1:<port>/<stage>`, for the management API. */
  readonly connectionsUrl: string;
  stop(): Promise<void>;
}

/** What a function made of an event: the object that it returned, or nothing that can be used. */
type Result = { readonly status: 'ok'; readonly answer: JsonObject } | { readonly status: 'failed' };

/** "Client-side close frame status not set", and what API Gateway says of the other ways to end. */
const CLOSE_REASONS: Readonly<Record<number, string>> = {
  1000: 'Connection Closed Normally',
  1001: 'Going away',
  1005: 'Client-side close frame status not set',
  1006: 'Connection Closed Abnormally',
};

/** What is said where an authorizer let nobody in. */
const REFUSALS = { 401: 'Unauthorized', 403: 'Forbidden', 500: 'Internal server error' } as const;

/**
 * Starts a WebSocket API.
 *
 * @param options the API, and the functions behind it
 */
export async function startWebSocketFront(options: WebSocketFrontOptions): Promise<WebSocketFront> {
  const { config, clock } = options;
  const { stage, routeSelectionExpression, integrationTimeoutMs, idleTimeoutMs, maxConnectionMs } =
    withDefaults(config);
  const routes = new Map(config.routes.map((route) => [route.route, route]));
  const routeKeys = new Set(routes.keys());
  const connections = new Map<string, Connection>();
  /** The subprotocol that a function has chosen for a request. */
  const protocols = new WeakMap<IncomingMessage, string>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (_, request) => protocols.get(request) ?? false,
  });
  const ask = createAskAuthorizer(clock);
  let stopped = false;

  function toInput(connection: ConnectionFacts): WebSocketEventInput {
    const { stageVariables } = config;
    return {
      connection,
      apiId: options.apiId,
      stage,
      stageVariables,
      requestId: randomUUID(),
      nowUnixMs: clock(),
    };
  }

  async function run(route: WebSocketRoute, event: unknown, traceId: string): Promise<Result> {
    const payload = Buffer.from(JSON.stringify(event));
    const invoked = options.invoke(route.function, { payload, requestId: randomUUID(), traceId });
    return toResult(await withinMs(integrationTimeoutMs, invoked));
  }

  async function connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (splitUrl(request.url ?? '/')[0] !== `/${stage}`) return refuse(socket, 403, { message: 'Forbidden' });
    const anyone: ConnectionFacts = {
      id: toId(),
      connectedUnixMs: clock(),
      sourceIp: request.socket.remoteAddress ?? LOOPBACK,
      userAgent: request.headers['user-agent'],
      domainName: request.headers.host ?? server.authority,
    };
    const route = routes.get('$connect');
    const traceId = options.toTraceId(request.headersDistinct['x-amzn-trace-id']?.[0]);
    const facts = await admit(anyone, request, traceId);
    if (typeof facts === 'number')
      return refuse(socket, facts, { message: REFUSALS[facts], connectionId: anyone.id });
    if (route) {
      const input = toInput(facts);
      const result = await run(route, toConnectEvent(input, request, traceId), traceId);
      const statusCode = result.status === 'ok' ? Number(result.answer['statusCode'] ?? 200) : 502;
      const said = { message: 'Internal server error', connectionId: facts.id, requestId: input.requestId };
      if (result.status === 'failed' || !(statusCode >= 200 && statusCode <= 599))
        return refuse(socket, 502, said);
      if (statusCode > 299) return refuse(socket, statusCode, result.answer['body'] ?? '');
      const protocol = headerOf(result.answer, 'sec-websocket-protocol');
      if (protocol !== undefined) protocols.set(request, protocol);
    }
    // The caller may be gone by now; a handshake that is none is answered by the library.
    if (!socket.destroyed && !stopped)
      sockets.handleUpgrade(request, socket, head, (webSocket) => open(facts, webSocket));
  }

  /** Asks the authorizer, if there is one: gives the connection with what it said, or the status of a refusal. */
  async function admit(
    facts: ConnectionFacts,
    request: IncomingMessage,
    traceId: string,
  ): Promise<ConnectionFacts | 401 | 403 | 500> {
    const authorizer = routes.get('$connect')?.authorizer;
    if (!authorizer) return facts;
    const { region, accountId, apiId } = options;
    const methodArn = `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/$connect`;
    const event = toConnectEvent(toInput(facts), request, traceId);
    const authorization = await authorizeConnection(ask, authorizer, request, { methodArn, event }, (asked) =>
      options.invoke(authorizer.function, {
        payload: Buffer.from(JSON.stringify(asked)),
        requestId: randomUUID(),
        traceId,
      }),
    );
    if (authorization.status === 'allowed') return { ...facts, authorizer: authorization.context };
    if (authorization.status === 'failed') return 500;
    return authorization.status === 'unauthorized' ? 401 : 403;
  }

  function open(facts: ConnectionFacts, socket: WebSocket): void {
    const connection: Connection = { ...facts, socket, lastActiveUnixMs: clock() };
    connections.set(facts.id, connection);
    const lifeTimer = setTimeout(() => socket.close(1001, CLOSE_REASONS[1001]), maxConnectionMs);
    const idleTimer = setInterval(
      () => {
        if (clock() - connection.lastActiveUnixMs >= idleTimeoutMs) socket.close(1001, CLOSE_REASONS[1001]);
      },
      Math.max(1, idleTimeoutMs / 4),
    );
    socket.on('message', (data, isBinary) => {
      connection.lastActiveUnixMs = clock();
      receive(connection, toBytes(data), isBinary).catch(() => socket.terminate());
    });
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => {
      clearTimeout(lifeTimer);
      clearInterval(idleTimer);
      connections.delete(facts.id);
      const route = routes.get('$disconnect');
      if (!route || stopped) return;
      const said = reason.toString() || CLOSE_REASONS[code] || '';
      // Best effort, as on AWS: nobody is there to be told of a failure.
      run(route, toDisconnectEvent(toInput(facts), code, said), options.toTraceId(undefined)).catch(
        () => undefined,
      );
    });
  }

  async function receive(connection: Connection, body: Buffer, isBinary: boolean): Promise<void> {
    const key = selectRoute(routeSelectionExpression, routeKeys, isBinary ? '' : body.toString());
    const route = routes.get(key ?? '');
    const input = toInput(connection);
    const { requestId } = input;
    const complain = (message: string): void =>
      connection.socket.send(JSON.stringify({ message, connectionId: connection.id, requestId }));
    if (key === undefined || !route) return complain('Forbidden');
    const result = await run(route, toMessageEvent(input, key, body, isBinary), options.toTraceId(undefined));
    if (result.status === 'failed') return complain('Internal server error');
    const answer = result.answer['body'];
    if (route.routeResponse && typeof answer === 'string') connection.socket.send(answer);
  }

  const server = await startLoopbackServer((request, response) => {
    answerConnections(request, response, { stage, connections, clock }).catch(() => response.destroy());
  }, config.port);
  server.onUpgrade((request, socket, head) => {
    connect(request, socket, head).catch(() => socket.destroy());
  });
  const place = `${server.authority}/${stage}`;
  return {
    url: `ws://${place}`,
    connectionsUrl: `http://${place}`,
    stop: async () => {
      stopped = true;
      for (const { socket } of connections.values()) socket.terminate();
      await server.stop();
    },
  };
}

function withDefaults(config: WebSocketApiConfig): {
  readonly stage: string;
  readonly routeSelectionExpression: string;
  readonly integrationTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnectionMs: number;
} {
  return {
    stage: config.stage ?? WEB_SOCKET_DEFAULTS.stage,
    routeSelectionExpression: config.routeSelectionExpression ?? WEB_SOCKET_DEFAULTS.routeSelectionExpression,
    integrationTimeoutMs: config.integrationTimeoutMs ?? WEB_SOCKET_DEFAULTS.integrationTimeoutMs,
    idleTimeoutMs: config.idleTimeoutMs ?? WEB_SOCKET_DEFAULTS.idleTimeoutMs,
    maxConnectionMs: config.maxConnectionMs ?? WEB_SOCKET_DEFAULTS.maxConnectionMs,
  };
}

/** What a proxy integration may return; anything else beside them makes it malformed. */
const FIELDS: ReadonlySet<string> = new Set([
  'isBase64Encoded',
  'statusCode',
  'headers',
  'multiValueHeaders',
  'body',
]);

/** A proxy integration must return an object of known fields; nothing at all is malformed too. */
function toResult(reply: InvocationOutcome | undefined): Result {
  if (reply?.status !== 'ok') return { status: 'failed' };
  const value = parseJson(reply.payload);
  const isKnown = isObject(value) && Object.keys(value).every((name) => FIELDS.has(name));
  return isKnown ? { status: 'ok', answer: value } : { status: 'failed' };
}

function headerOf(answer: JsonObject, wanted: string): string | undefined {
  const headers = isObject(answer['headers']) ? answer['headers'] : {};
  const value = Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
  return typeof value === 'string' ? value : undefined;
}

function toBytes(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** Answers a handshake that shall not become a connection. */
function refuse(socket: Duplex, statusCode: number, said: unknown): void {
  const body = typeof said === 'string' ? said : JSON.stringify(said);
  const lines = [
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? 'Unknown'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
