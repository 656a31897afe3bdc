import { extractTraceContext } from '@clickspan/shared/traceContext';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import { createHeaderReader } from './headers.ts';
import { describeRequest, encodeQuery, toQuery } from './httpRequest.ts';
import { describeTrigger, toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/**
 * What happens to a connection of a WebSocket API. Opening it is an HTTP request, which the function answers. A message
 * and the end of the connection are none, and have no place for a context: what the headers of the end hold is of the
 * gateway's own making, and a message's body is the sender's.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
 */
export function parseWebSocket(event: EventRecord): Trigger | undefined {
  const requestContext = toRecord(event['requestContext']);
  const eventType = toText(requestContext['eventType']);
  const route = toText(requestContext['routeKey']);
  if (!eventType || !route || toText(requestContext['connectionId']) === undefined) return undefined;
  // The API's owner made the routes; what a client sends selects among them. So it can be a name.
  const name = route;
  const isRequest = eventType === 'CONNECT';
  const trigger = describeTrigger(isRequest ? 'http' : 'other', 'api-gateway-websocket', route);
  if (!isRequest) return { name, kind: KIND_SERVER, attributes: trigger };
  const read = createHeaderReader(event);
  const identity = toRecord(requestContext['identity']);
  return {
    name,
    kind: KIND_SERVER,
    attributes: {
      ...trigger,
      ...describeRequest({
        method: 'GET',
        route: undefined,
        path: undefined,
        query: toQuery(event, encodeQuery),
        scheme: read('x-forwarded-proto')[0],
        host: toText(requestContext['domainName']) ?? read('host')[0],
        client: toText(identity['sourceIp']),
        userAgent: toText(identity['userAgent']) ?? read('user-agent')[0],
        protocol: 'HTTP/1.1',
      }),
    },
    parent: extractTraceContext(read),
    fromOutside: true,
    answer: 'webSocket',
  };
}
