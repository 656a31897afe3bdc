import { FAAS_TRIGGER } from '@clickspan/shared/attributes';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import { parseAlb } from './alb.ts';
import { parseAppSync } from './appSync.ts';
import { parseAuthorizer } from './authorizer.ts';
import { readCarrier } from './carrier.ts';
import { parseCognito } from './cognito.ts';
import { readClientContext } from './directInvoke.ts';
import { parseEventBridge } from './eventBridge.ts';
import { parseHttpV1 } from './httpV1.ts';
import { parseHttpV2 } from './httpV2.ts';
import { parseKafka } from './kafka.ts';
import { parseRecords } from './messageSources.ts';
import { parseStepFunctions } from './stepFunctions.ts';
import { toRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';
import type { TriggerParser } from './trigger.ts';
import { parseWebSocket } from './webSocket.ts';

/**
 * Asked in turn; the first that knows an event has it. A parser is asked only about events with the field that it is listed
 * by: on a cold start the caller waits even for what is only called to say no. Authorizers come before the requests that
 * they look like.
 */
const PARSERS: readonly (readonly [field: string, parse: TriggerParser])[] = [
  ['methodArn', parseAuthorizer],
  ['routeArn', parseAuthorizer],
  ['authorizationToken', parseAuthorizer],
  ['rawPath', parseHttpV2],
  ['resource', parseHttpV1],
  ['httpMethod', parseAlb],
  ['requestContext', parseWebSocket],
  ['Records', parseRecords],
  ['detail-type', parseEventBridge],
  ['records', parseKafka],
  ['info', parseAppSync],
  ['triggerSource', parseCognito],
  ['Execution', parseStepFunctions],
  ['Context', parseStepFunctions],
  // A list: of a pipe, or of fields that are resolved together.
  ['0', parseRecords],
  ['0', parseAppSync],
];

/** What is known of an event that nobody knows. */
const UNKNOWN_TRIGGER: Trigger = { kind: KIND_SERVER, attributes: { [FAAS_TRIGGER]: 'other' } };

/**
 * Finds out what an event is.
 *
 * Where the event names no sender, a caller of `Invoke` may have done so in the client context, or, in an event that
 * nobody knows, in its own field `traceparent`: so a task of a state machine continues a trace that its input names.
 *
 * @param event anything that JSON can hold, and with direct calls in tests anything at all; may throw on getters that do
 * @param lambda the context object of the runtime client
 */
export function parseTrigger(event: unknown, lambda?: unknown): Trigger {
  const known = parseEvent(event);
  const trigger = known ?? UNKNOWN_TRIGGER;
  if (trigger.parent || (trigger.links?.length ?? 0) > 0) return trigger;
  const caller = readClientContext(lambda);
  if (caller) return { ...trigger, parent: caller, fromOutside: false };
  const parent = known ? undefined : readCarrier(event);
  // It may be a stranger's: a REST API without proxy and IoT rules hand over what they get.
  return parent ? { ...trigger, parent, fromOutside: true } : trigger;
}

function parseEvent(event: unknown): Trigger | undefined {
  const fields = toRecord(event);
  for (const [field, parse] of PARSERS) {
    const trigger = field in fields ? parse(fields) : undefined;
    if (trigger) return trigger;
  }
  return undefined;
}
