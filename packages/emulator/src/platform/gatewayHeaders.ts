import type { IncomingMessage } from 'node:http';
import { gatherHeaders } from './rawHeaders.ts';
import type { RawHeader } from './rawHeaders.ts';

/** The gateway consumes these itself. */
const CONSUMED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);
export const LOOPBACK = '127.0.0.1';

/**
 * Makes the trace header that a gateway hands on: a caller's as it is, or a root of its own. A parent comes in only where
 * tracing is on, which it never is here.
 *
 * @param request the request
 * @param traceId of the invocation: continued or made
 */
export function toSentTrace(request: IncomingMessage, traceId: string): string {
  const isContinued = request.headersDistinct['x-amzn-trace-id']?.[0] === traceId;
  return isContinued ? traceId : traceId.split(';')[0]!;
}

/**
 * Makes the headers that API Gateway hands to a function in events of its first format: names as the caller wrote them,
 * beside those that the gateway adds.
 *
 * @param request the request
 * @param traceId of the invocation: continued or made
 * @param domainName host and port that the caller used
 */
export function toGatewayHeaders(
  request: IncomingMessage,
  traceId: string,
  domainName: string,
): readonly RawHeader[] {
  const headers = gatherHeaders(request.rawHeaders);
  for (const name of CONSUMED) headers.delete(name);
  const before = headers.get('x-forwarded-for')?.values.join(', ');
  const from = request.socket.remoteAddress ?? LOOPBACK;
  const own: Record<string, string> = {
    'X-Amzn-Trace-Id': toSentTrace(request, traceId),
    'X-Forwarded-For': before === undefined ? from : `${before}, ${from}`,
    'X-Forwarded-Port': domainName.split(':')[1] ?? '80',
    'X-Forwarded-Proto': 'http',
  };
  for (const [name, value] of Object.entries(own)) headers.set(name.toLowerCase(), { name, values: [value] });
  return [...headers.values()];
}

/**
 * Reads a query by its names, decoded, in order.
 *
 * @param rawQueryString as it was sent
 */
export function toGatewayQuery(rawQueryString: string): readonly RawHeader[] {
  const pairs = [...new URLSearchParams(rawQueryString)];
  const names = new Set(pairs.map(([name]) => name));
  return [...names].map((name) => ({
    name,
    values: pairs.filter(([other]) => other === name).map(([, value]) => value),
  }));
}

/** The last value of each name: what a map of single values keeps. */
export function lastOf(entries: readonly RawHeader[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ name, values }) => [name, values.at(-1)!]));
}

/** All values of each name. */
export function allOf(entries: readonly RawHeader[]): Record<string, readonly string[]> {
  return Object.fromEntries(entries.map(({ name, values }) => [name, values]));
}
