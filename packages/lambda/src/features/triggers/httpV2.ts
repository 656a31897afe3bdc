import { extractTraceContext } from '@clickspan/shared/traceContext';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import { describeRequest, nameRequest } from './httpRequest.ts';
import { describeTrigger, toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/**
 * Requests through an HTTP API or a Function URL, payload format 2.0: header names come in lower case, and repeated
 * headers joined with commas, which the grammar of `traceparent` refuses as it must.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export function parseHttpV2(event: EventRecord): Trigger | undefined {
  if (event['version'] !== '2.0') return undefined;
  const requestContext = toRecord(event['requestContext']);
  const http = toRecord(requestContext['http']);
  const method = toText(http['method']);
  if (!method) return undefined;
  const headers = toRecord(event['headers']);
  const route = toRoute(toText(event['routeKey']));
  const host = toText(requestContext['domainName']);
  return {
    name: nameRequest(method, route),
    kind: KIND_SERVER,
    attributes: {
      ...describeTrigger('http', host?.includes('.lambda-url.') ? 'function-url' : 'api-gateway-http'),
      ...describeRequest({
        method,
        route,
        path: toText(event['rawPath']) ?? toText(http['path']),
        query: toText(event['rawQueryString']),
        scheme: toText(headers['x-forwarded-proto']),
        host,
        client: toText(http['sourceIp']),
        userAgent: toText(http['userAgent']),
        protocol: toText(http['protocol']),
      }),
    },
    parent: extractTraceContext((header) => toText(headers[header])),
    fromOutside: true,
    answer: 'v2',
  };
}

/** `POST /orders` is the route `/orders`; `$default` catches everything and is none. */
function toRoute(routeKey: string | undefined): string | undefined {
  const space = routeKey?.indexOf(' /') ?? -1;
  return space > 0 ? routeKey?.slice(space + 1) : undefined;
}
