import { extractTraceContext } from '@clickspan/shared/traceContext';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import { createHeaderReader } from './headers.ts';
import { describeTrigger, toRecord } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/**
 * Questions whether a request may pass, of API Gateway (both payload formats) and AppSync. Such an event can look like
 * the request itself, but its answer is a policy, never a response: nothing may be added to it.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-lambda-authorization
 */
export function parseAuthorizer(event: EventRecord): Trigger | undefined {
  const gateway = event['methodArn'] ?? event['routeArn'];
  if (typeof gateway === 'string') return toTrigger('api-gateway-authorizer', event);
  const { authorizationToken, requestContext, requestHeaders } = event;
  if (authorizationToken === undefined || toRecord(requestContext)['queryString'] === undefined)
    return undefined;
  return toTrigger('appsync-authorizer', { headers: requestHeaders });
}

function toTrigger(source: string, event: EventRecord): Trigger {
  return {
    kind: KIND_SERVER,
    attributes: describeTrigger('other', source),
    parent: extractTraceContext(createHeaderReader(event)),
    fromOutside: true,
  };
}
