import type { IncomingMessage } from 'node:http';
import { toSentTrace } from '../../platform/gatewayHeaders.ts';
import { toLogTime } from '../../platform/logTime.ts';
import { splitUrl } from '../../platform/requestUrl.ts';

/** The two ways in that speak payload format 2.0. */
export type HttpFrontKind = 'httpApi' | 'functionUrl';

/** What a payload of format 2.0 is made from. */
export interface HttpEventInput {
  readonly kind: HttpFrontKind;
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly routeKey: string;
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
  readonly traceId: string;
  readonly requestId: string;
  readonly apiId: string;
  readonly accountId: string;
  readonly domainName: string;
  readonly nowUnixMs: number;
}

/** The gateway consumes these itself. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'cookie',
]);
/** Bodies of these types alone reach the function as text; forms and bodies without a type, too, come as base64. */
const TEXT_TYPE = /^\s*(text\/[^;\s]+|application\/(json|javascript|xml))\s*(;|$)/i;

/**
 * Makes the event that an HTTP API (payload format 2.0) or a function URL hands to a function.
 *
 * @param input the request and what the front knows about it
 */
export function toHttpEvent(input: HttpEventInput): Record<string, unknown> {
  const { kind, request, body, pathParameters, nowUnixMs } = input;
  const [sentPath, rawQueryString] = splitUrl(request.url ?? '/');
  // An HTTP API decodes even the path that it calls raw; a function URL leaves it as it was sent.
  const rawPath = kind === 'httpApi' ? decodePath(sentPath) : sentPath;
  const headers = toEventHeaders(input);
  const cookies = request.headers.cookie?.split(/;\s*/).filter((cookie) => cookie !== '');
  const query = toQuery(rawQueryString);
  const isText = isTextType(request.headers['content-type']);
  return {
    version: '2.0',
    routeKey: input.routeKey,
    rawPath,
    rawQueryString,
    ...(cookies && cookies.length > 0 ? { cookies } : {}),
    headers,
    ...(query ? { queryStringParameters: query } : {}),
    requestContext: {
      // Whoever calls a function URL without signing is nobody.
      accountId: kind === 'httpApi' ? input.accountId : 'anonymous',
      apiId: input.apiId,
      domainName: input.domainName,
      domainPrefix: input.domainName.split('.')[0],
      http: {
        method: request.method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: input.requestId,
      routeKey: input.routeKey,
      stage: '$default',
      time: toLogTime(nowUnixMs),
      timeEpoch: Math.floor(nowUnixMs),
    },
    ...(pathParameters ? { pathParameters } : {}),
    ...(body.length > 0 ? { body: isText ? body.toString() : body.toString('base64') } : {}),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** Whether a body of that type reaches the function as text. */
export function isTextType(contentType: string | undefined): boolean {
  return TEXT_TYPE.test(contentType ?? '');
}

/** Lower-case names, one value each: duplicates are joined by commas. Cookies are in a list of their own. */
function toEventHeaders({ request, traceId, domainName }: HttpEventInput): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (values && !HOP_BY_HOP.has(name)) headers[name] = values.join(',');
  }
  const forwardedFor = [headers['x-forwarded-for'], request.socket.remoteAddress ?? '127.0.0.1'].filter(
    Boolean,
  );
  headers['x-amzn-trace-id'] = toSentTrace(request, traceId);
  headers['x-forwarded-for'] = forwardedFor.join(', ');
  headers['x-forwarded-proto'] = 'http';
  headers['x-forwarded-port'] = domainName.split(':')[1] ?? '80';
  return headers;
}

function toQuery(rawQueryString: string): Record<string, string> | undefined {
  if (rawQueryString === '') return undefined;
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    const before = query.get(name);
    query.set(name, before === undefined ? value : `${before},${value}`);
  }
  // Not by assignment: a parameter may be called __proto__.
  return Object.fromEntries(query);
}

function decodePath(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
