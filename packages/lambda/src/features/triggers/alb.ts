import { extractTraceContext } from '@clickspan/shared/traceContext';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import { createHeaderReader } from './headers.ts';
import { describeRequest, nameRequest, toQuery } from './httpRequest.ts';
import { describeTrigger, toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/**
 * Requests through an Application Load Balancer, with single or multi-value headers as its target group is set. It knows
 * no routes.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
 */
export function parseAlb(event: EventRecord): Trigger | undefined {
  const method = toText(event['httpMethod']);
  if (!method || toRecord(event['requestContext'])['elb'] === undefined) return undefined;
  const read = createHeaderReader(event);
  return {
    name: nameRequest(method, undefined),
    kind: KIND_SERVER,
    attributes: {
      ...describeTrigger('http', 'alb'),
      ...describeRequest({
        method,
        route: undefined,
        path: toText(event['path']),
        query: toQuery(event, (text) => text),
        scheme: read('x-forwarded-proto')[0],
        host: read('host')[0],
        // The last is what the load balancer saw itself; those before it could have been made up.
        client: read('x-forwarded-for').at(-1)?.split(',').at(-1)?.trim(),
        userAgent: read('user-agent')[0],
        protocol: undefined,
      }),
    },
    parent: extractTraceContext(read),
    fromOutside: true,
    answer: event['multiValueHeaders'] ? 'albMultiValue' : 'alb',
  };
}
