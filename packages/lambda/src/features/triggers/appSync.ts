import { GRAPHQL_OPERATION_TYPE, SERVER_ADDRESS, USER_AGENT_ORIGINAL } from '@clickspan/shared/attributes';
import { extractTraceContext } from '@clickspan/shared/traceContext';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import { createHeaderReader } from './headers.ts';
import { describeTrigger, toRecord, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

const OPERATIONS: ReadonlySet<string> = new Set(['Query', 'Mutation', 'Subscription']);

/**
 * Fields that AppSync has resolved by a function: one, or with batching a list of several that belong to one request. Type
 * and field come from the API's schema, so they can be a name.
 *
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/tutorial-lambda-resolvers-js.html
 */
export function parseAppSync(event: EventRecord): Trigger | undefined {
  const first = Array.isArray(event) ? toRecord((event as unknown[])[0]) : event;
  const info = toRecord(first['info']);
  const type = toText(info['parentTypeName']);
  const field = toText(info['fieldName']);
  if (!type || !field) return undefined;
  const request = toRecord(first['request']);
  const read = createHeaderReader(request);
  const name = `${type}.${field}`;
  return {
    name,
    kind: KIND_SERVER,
    attributes: {
      ...describeTrigger('http', 'appsync', name),
      [GRAPHQL_OPERATION_TYPE]: OPERATIONS.has(type) ? type.toLowerCase() : undefined,
      [SERVER_ADDRESS]: toText(request['domainName']) ?? read('host')[0],
      [USER_AGENT_ORIGINAL]: read('user-agent')[0],
    },
    parent: extractTraceContext(read),
    fromOutside: true,
  };
}
