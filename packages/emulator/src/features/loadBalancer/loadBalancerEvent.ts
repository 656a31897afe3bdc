import type { IncomingMessage } from 'node:http';
import { splitUrl } from '../../platform/requestUrl.ts';

/** What a target's event is made from. */
export interface LoadBalancerEventInput {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly multiValueHeaders: boolean;
  readonly targetGroupArn: string;
  readonly traceHeader: string;
  readonly port: number;
}

/** Bodies of these types alone come as text, and only when they are not encoded. */
const TEXT_TYPE = /^\s*(text\/[^;\s]+|application\/(json|javascript|xml))\s*(;|$)/i;
const LOOPBACK = '127.0.0.1';

/**
 * Makes the event that a load balancer hands to its target, by the Application Load Balancers guide, "Use Lambda
 * functions as targets". Names of headers are in lower case; path and query stay as they were sent.
 *
 * @param input the request and what the load balancer knows about it
 */
export function toLoadBalancerEvent(input: LoadBalancerEventInput): Record<string, unknown> {
  const { request, body, multiValueHeaders } = input;
  const [path, rawQueryString] = splitUrl(request.url ?? '/');
  const headers = toEventHeaders(input);
  const query = toQuery(rawQueryString);
  const isText =
    request.headers['content-encoding'] === undefined &&
    TEXT_TYPE.test(request.headers['content-type'] ?? '');
  const isBase64Encoded = body.length > 0 && !isText;
  return {
    requestContext: { elb: { targetGroupArn: input.targetGroupArn } },
    httpMethod: request.method,
    path,
    ...(multiValueHeaders
      ? { multiValueQueryStringParameters: query, multiValueHeaders: headers }
      : { queryStringParameters: lastOf(query), headers: lastOf(headers) }),
    body: body.toString(isBase64Encoded ? 'base64' : 'utf8'),
    isBase64Encoded,
  };
}

type Lists = Record<string, readonly string[]>;

function toEventHeaders({ request, traceHeader, port }: LoadBalancerEventInput): Lists {
  const headers = new Map<string, readonly string[]>();
  for (const [name, values] of Object.entries(request.headersDistinct)) if (values) headers.set(name, values);
  const from = request.socket.remoteAddress ?? LOOPBACK;
  headers.set('x-amzn-trace-id', [traceHeader]);
  headers.set('x-forwarded-for', [[...(headers.get('x-forwarded-for') ?? []), from].join(', ')]);
  headers.set('x-forwarded-port', [String(port)]);
  headers.set('x-forwarded-proto', ['http']);
  return Object.fromEntries(headers);
}

/** Names and values as they were sent: the function decodes them. */
function toQuery(rawQueryString: string): Lists {
  const query = new Map<string, readonly string[]>();
  for (const pair of rawQueryString.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = at < 0 ? pair : pair.slice(0, at);
    query.set(name, [...(query.get(name) ?? []), at < 0 ? '' : pair.slice(at + 1)]);
  }
  return Object.fromEntries(query);
}

function lastOf(lists: Lists): Record<string, string> {
  return Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1)!]));
}
