import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../platform/clock.ts';
import { sendReply, toJsonReply } from '../../platform/httpResponse.ts';
import type { HttpReply } from '../../platform/httpResponse.ts';
import { readRequestBody } from '../../platform/requestBody.ts';
import { splitUrl } from '../../platform/requestUrl.ts';
import { mayBeWebPage } from '../../platform/webPage.ts';
import type { Connection } from './connection.ts';

/** A message's limit (quotas for WebSocket APIs, "Message payload size"). */
export const MAX_MESSAGE_BYTES: number = 128 * 1024;

/**
 * Answers one request of the management API: `POST`, `GET` and `DELETE` of `/<stage>/@connections/<id>`.
 *
 * @param request the request
 * @param response where the answer goes
 * @param api the stage, the connections that are open, and the clock
 */
export async function answerConnections(
  request: IncomingMessage,
  response: ServerResponse,
  api: {
    readonly stage: string;
    readonly connections: ReadonlyMap<string, Connection>;
    readonly clock: Clock;
  },
): Promise<void> {
  const body = await readRequestBody(request, MAX_MESSAGE_BYTES);
  const id = toConnectionId(splitUrl(request.url ?? '/')[0], api.stage);
  const connection = api.connections.get(id ?? '');
  const reply = ((): HttpReply => {
    if (id === undefined || mayBeWebPage(request)) return refusal(403, 'ForbiddenException', 'Forbidden');
    if (!connection) return refusal(410, 'GoneException', undefined);
    if (request.method === 'GET') return toJsonReply(200, describe(connection));
    if (request.method === 'DELETE') {
      connection.socket.close(1000, 'Connection Closed Normally');
      return { statusCode: 204, headers: [], body: Buffer.alloc(0) };
    }
    if (request.method !== 'POST')
      return refusal(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    if (body.status === 'tooLarge') return refusal(413, 'PayloadTooLargeException', 'Payload too large');
    connection.socket.send(body.bytes, { binary: false });
    connection.lastActiveUnixMs = api.clock();
    return { statusCode: 200, headers: [], body: Buffer.alloc(0) };
  })();
  sendReply(response, { ...reply, headers: [...reply.headers, ['x-amzn-requestid', randomUUID()]] });
}

function toConnectionId(path: string, stage: string): string | undefined {
  const id = path.startsWith(`/${stage}/@connections/`) ? path.slice(stage.length + 15) : '';
  return id === '' || id.includes('/') ? undefined : id.replaceAll(/%3d/gi, '=');
}

function describe({ connectedUnixMs, lastActiveUnixMs, sourceIp, userAgent }: Connection): unknown {
  return {
    connectedAt: new Date(connectedUnixMs).toISOString(),
    identity: { sourceIp, ...(userAgent === undefined ? {} : { userAgent }) },
    lastActiveAt: new Date(lastActiveUnixMs).toISOString(),
  };
}

function refusal(statusCode: number, errorType: string, message: string | undefined): HttpReply {
  const headers = { 'x-amzn-errortype': errorType };
  return message === undefined
    ? { statusCode, headers: Object.entries(headers), body: Buffer.alloc(0) }
    : toJsonReply(statusCode, { message }, headers);
}
