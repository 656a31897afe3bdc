import { extractTraceContext } from '@clickspan/shared/traceContext';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import { createHeaderReader } from './headers.ts';
import { describeRequest, encodeQuery, nameRequest, toQuery } from './httpRequest.ts';
import { describeTrigger, toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/**
 * Requests through a REST API's proxy integration, or an HTTP API's with payload format 1.0. The route is the resource;
 * the path is the one that the client asked for, with the stage.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function parseHttpV1(event: EventRecord): Trigger | undefined {
  const method = toText(event['httpMethod']);
  const resource = toText(event['resource']);
  const requestContext = toRecord(event['requestContext']);
  if (!method || !resource || toText(requestContext['requestId']) === undefined) return undefined;
  const read = createHeaderReader(event);
  const identity = toRecord(requestContext['identity']);
  // `$default` of an HTTP API catches everything and is none.
  const route = resource.startsWith('/') ? resource : undefined;
  return {
    name: nameRequest(method, route),
    kind: KIND_SERVER,
    attributes: {
      ...describeTrigger('http', event['version'] === '1.0' ? 'api-gateway-http' : 'api-gateway-rest'),
      ...describeRequest({
        method,
        route,
        path: toText(requestContext['path']) ?? toText(event['path']),
        query: toQuery(event, encodeQuery),
        scheme: read('x-forwarded-proto')[0],
        host: toText(requestContext['domainName']) ?? read('host')[0],
        client: toText(identity['sourceIp']),
        userAgent: toText(identity['userAgent']) ?? read('user-agent')[0],
        protocol: toText(requestContext['protocol']),
      }),
    },
    parent: extractTraceContext(read),
    fromOutside: true,
    answer: 'v1',
  };
}
