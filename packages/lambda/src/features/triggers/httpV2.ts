import {
  CLIENT_ADDRESS,
  FAAS_TRIGGER,
  HTTP_REQUEST_METHOD,
  HTTP_ROUTE,
  NETWORK_PROTOCOL_VERSION,
  SERVER_ADDRESS,
  URL_PATH,
  URL_QUERY,
  URL_SCHEME,
  USER_AGENT_ORIGINAL,
} from '@clickspan/shared/attributes';
import { extractTraceContext } from '@clickspan/shared/traceContext';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import type { Attributes } from '@opentelemetry/api';
import { toKnownMethod } from '../../platform/httpMethod.ts';
import { redactQuery } from '../../platform/redactQuery.ts';
import { toRecord, toText } from './trigger.ts';
import type { EventRecord, Trigger } from './trigger.ts';

/**
 * Requests through an HTTP API or a Function URL, payload format 2.0: header names come in lower case, and repeated
 * headers joined with commas, which the grammar of `traceparent` refuses as it must.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function parseHttpV2(event: EventRecord): Trigger | undefined {
  const requestContext = toRecord(event['requestContext']);
  const http = toRecord(requestContext['http']);
  const method = toText(http['method']);
  if (event['version'] !== '2.0' || !method) return undefined;
  const headers = toRecord(event['headers']);
  const route = toRoute(toText(event['routeKey']));
  const name = toKnownMethod(method);
  const query = toText(event['rawQueryString']);
  const attributes: Attributes = {
    [FAAS_TRIGGER]: 'http',
    [HTTP_REQUEST_METHOD]: name,
    [HTTP_ROUTE]: route,
    [URL_PATH]: toText(event['rawPath']) ?? toText(http['path']),
    [URL_QUERY]: query && redactQuery(query),
    [URL_SCHEME]: toText(headers['x-forwarded-proto']) ?? 'https',
    [SERVER_ADDRESS]: toText(requestContext['domainName'])?.replace(/:\d+$/, ''),
    [CLIENT_ADDRESS]: toText(http['sourceIp']),
    [USER_AGENT_ORIGINAL]: toText(http['userAgent']),
    [NETWORK_PROTOCOL_VERSION]: /^HTTP\/(.+)$/.exec(toText(http['protocol']) ?? '')?.[1],
  };
  return {
    // The method alone where there is no route: a path could be anything, and must not become a name.
    name: route ? `${name} ${route}` : name,
    kind: KIND_SERVER,
    attributes,
    parent: extractTraceContext((header) => toText(headers[header])),
    answersHttp: true,
  };
}

/** `POST /orders` is the route `/orders`; `$default` catches everything and is none. */
function toRoute(routeKey: string | undefined): string | undefined {
  return routeKey && /^[A-Z]+ (\/.*)$/.exec(routeKey)?.[1];
}
