import { FAAS_TIME, MESSAGING_MESSAGE_ID } from '@clickspan/shared/attributes';
import { KIND_CONSUMER, KIND_SERVER } from '@clickspan/shared/tracer';
import { readCarrier, readEventBridgeEvent } from './carrier.ts';
import { describeProcess, nameProcess, toResourceName } from './message.ts';
import { describeTrigger, toText } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/**
 * Events of an event bus, and the ticks of its schedules and of EventBridge Scheduler. The bus is not named in an event;
 * its type, of which a sender has few, stands in its place.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
 */
export function parseEventBridge(event: EventRecord): Trigger | undefined {
  const type = toText(event['detail-type']);
  const source = toText(event['source']);
  if (!type || !source) return undefined;
  if (type === 'Scheduled Event' && /^aws\.(events|scheduler)$/.test(source)) return toTick(event, source);
  return {
    name: nameProcess(type.slice(0, 128)),
    kind: KIND_CONSUMER,
    attributes: {
      ...describeTrigger('pubsub', 'eventbridge', type),
      ...describeProcess('aws.eventbridge', undefined),
      [MESSAGING_MESSAGE_ID]: toText(event['id']),
    },
    parent: readEventBridgeEvent(event),
    fromOutside: readCarrier(event['detail']) !== undefined,
  };
}

/** Nobody sent it: it has no parent, and is named by its rule or schedule. */
function toTick(event: EventRecord, source: string): Trigger {
  const resources = event['resources'];
  const arn = Array.isArray(resources) ? toText((resources as unknown[])[0]) : undefined;
  const trigger = source === 'aws.events' ? 'eventbridge' : 'eventbridge-scheduler';
  return {
    kind: KIND_SERVER,
    attributes: {
      ...describeTrigger('timer', trigger, toResourceName(arn)),
      [FAAS_TIME]: toText(event['time']),
    },
  };
}
