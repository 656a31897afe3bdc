import type { ServerResponse } from 'node:http';
import type { Invocation } from '../../platform/invocation.ts';
import type { Refusal } from './lifecycle.ts';

/**
 * Answers a `/next` of the runtime with an event.
 *
 * @param response of the `/next`
 * @param functionArn the function
 * @param invocation the event
 * @param deadlineUnixMs when its time is over
 */
export function sendInvocation(
  response: ServerResponse,
  functionArn: string,
  invocation: Invocation,
  deadlineUnixMs: number,
): void {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': invocation.payload.length,
    'Lambda-Runtime-Aws-Request-Id': invocation.requestId,
    'Lambda-Runtime-Trace-Id': invocation.traceId,
    'Lambda-Runtime-Invoked-Function-Arn': functionArn,
    'Lambda-Runtime-Deadline-Ms': Math.floor(deadlineUnixMs),
    ...(invocation.clientContext === undefined
      ? {}
      : { 'Lambda-Runtime-Client-Context': toHeaderBytes(invocation.clientContext) }),
  });
  response.end(invocation.payload);
}

/**
 * Answers with JSON, or with a text as it is.
 *
 * @param response the answer
 * @param status its status
 * @param body a value, or a text
 * @param headers more headers
 */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(typeof body === 'string' ? body : `${JSON.stringify(body)}\n`);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    ...headers,
  });
  response.end(bytes);
}

/** Node writes headers as Latin-1; the platform's are UTF-8. JSON leaves one character as it is that no header may have. */
function toHeaderBytes(json: string): string {
  return Buffer.from(json.replaceAll('\x7f', '\\u007f')).toString('latin1');
}

/** Answers a request. */
export type Respond = (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => void;

/** Refuses one, as the environment's rules say. */
export function refuse(respond: Respond, { errorType, errorMessage }: Refusal): void {
  forbid(respond, errorType, errorMessage);
}

/** Refuses one. */
export function forbid(respond: Respond, errorType: string, errorMessage: string): void {
  respond(403, { errorMessage, errorType });
}
