import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { allOf, lastOf, toGatewayHeaders, toGatewayQuery } from '../../platform/gatewayHeaders.ts';
import { toLogTime } from '../../platform/logTime.ts';
import { splitUrl } from '../../platform/requestUrl.ts';
import type { ConnectionFacts } from './connection.ts';

/** What every event of a WebSocket API says. */
export interface WebSocketEventInput {
  readonly connection: ConnectionFacts;
  readonly apiId: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>> | undefined;
  readonly requestId: string;
  readonly nowUnixMs: number;
}

type Event = Record<string, unknown>;

// By the API Gateway developer guide, "Set up a WebSocket API integration request" and "Manage connected users and
// client apps: $connect and $disconnect routes".

/** Makes the event of `$connect`. */
export function toConnectEvent(input: WebSocketEventInput, request: IncomingMessage, traceId: string): Event {
  const headers = toGatewayHeaders(request, traceId, input.connection.domainName);
  const query = toGatewayQuery(splitUrl(request.url ?? '/')[1]);
  return {
    headers: lastOf(headers),
    multiValueHeaders: allOf(headers),
    ...(query.length === 0
      ? {}
      : { queryStringParameters: lastOf(query), multiValueQueryStringParameters: allOf(query) }),
    ...toStage(input),
    requestContext: toContext(input, '$connect', 'CONNECT'),
    isBase64Encoded: false,
  };
}

/** Makes the event of a message. */
export function toMessageEvent(
  input: WebSocketEventInput,
  routeKey: string,
  body: Buffer,
  isBinary: boolean,
): Event {
  return {
    ...toStage(input),
    requestContext: { ...toContext(input, routeKey, 'MESSAGE'), messageId: toId() },
    body: body.toString(isBinary ? 'base64' : 'utf8'),
    isBase64Encoded: isBinary,
  };
}

/** Makes the event of `$disconnect`. */
export function toDisconnectEvent(input: WebSocketEventInput, statusCode: number, reason: string): Event {
  const { domainName, sourceIp } = input.connection;
  const headers = { Host: domainName, 'x-api-key': '', 'X-Forwarded-For': sourceIp, 'x-restapi': '' };
  return {
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ...toStage(input),
    requestContext: {
      ...toContext(input, '$disconnect', 'DISCONNECT'),
      disconnectStatusCode: statusCode,
      disconnectReason: reason,
    },
    isBase64Encoded: false,
  };
}

/** An id as API Gateway makes them: 15 characters and an equals sign. */
export function toId(): string {
  return `${randomBytes(12).toString('base64url').slice(0, 15)}=`;
}

function toStage({ stageVariables }: WebSocketEventInput): Event {
  return stageVariables === undefined ? {} : { stageVariables };
}

function toContext(input: WebSocketEventInput, routeKey: string, eventType: string): Event {
  const { connection, nowUnixMs } = input;
  return {
    routeKey,
    eventType,
    extendedRequestId: toId(),
    requestTime: toLogTime(nowUnixMs),
    messageDirection: 'IN',
    stage: input.stage,
    connectedAt: Math.floor(connection.connectedUnixMs),
    requestTimeEpoch: Math.floor(nowUnixMs),
    identity: {
      sourceIp: connection.sourceIp,
      ...(connection.userAgent === undefined ? {} : { userAgent: connection.userAgent }),
    },
    ...(connection.authorizer === undefined ? {} : { authorizer: connection.authorizer }),
    requestId: input.requestId,
    domainName: connection.domainName,
    connectionId: connection.id,
    apiId: input.apiId,
  };
}
