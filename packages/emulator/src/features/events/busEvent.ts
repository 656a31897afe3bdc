import { isObject, parseJson } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';

/** An event as EventBridge hands it on. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** To the second. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** Where and when an event is made. */
export interface EventOrigin {
  readonly id: string;
  readonly account: { readonly region: string; readonly accountId: string };
  readonly nowUnixMs: number;
}

/** What is wrong with an entry of PutEvents, in EventBridge's words. */
export interface EntryFault {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/**
 * Makes an event of an entry of PutEvents.
 *
 * @param entry the entry, untrusted
 * @param origin id, account and time
 * @returns the event, or what is wrong with the entry
 */
export function toBusEvent(entry: JsonObject, origin: EventOrigin): BusEvent | EntryFault {
  for (const name of ['Source', 'DetailType', 'Detail']) {
    const value = entry[name];
    if (typeof value !== 'string' || value === '')
      return {
        ErrorCode: 'InvalidArgument',
        ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      };
  }
  const source = String(entry['Source']);
  // Only AWS's own services may say that they are one.
  if (source.startsWith('aws.'))
    return {
      ErrorCode: 'NotAuthorizedForSourceException',
      ErrorMessage: 'Not authorized for the source.',
    };
  const detail = parseJson(String(entry['Detail']));
  if (!isObject(detail)) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  const resources = Array.isArray(entry['Resources']) ? entry['Resources'].map(String) : [];
  const sentSeconds = entry['Time'];
  const timeUnixMs = typeof sentSeconds === 'number' ? sentSeconds * 1000 : origin.nowUnixMs;
  return makeEvent(origin, {
    source,
    detailType: String(entry['DetailType']),
    resources,
    detail,
    timeUnixMs,
  });
}

/**
 * Makes the event of a rule with a schedule.
 *
 * @param ruleArn the rule
 * @param origin id, account and time
 */
export function toScheduledEvent(ruleArn: string, origin: EventOrigin): BusEvent {
  const { nowUnixMs: timeUnixMs } = origin;
  return makeEvent(origin, {
    source: 'aws.events',
    detailType: 'Scheduled Event',
    resources: [ruleArn],
    detail: {},
    timeUnixMs,
  });
}

/**
 * Makes what EventBridge Scheduler hands to a target that has no input of its own; its detail is text.
 *
 * @param scheduleArn the schedule
 * @param origin id, account and time
 */
export function toSchedulerEvent(scheduleArn: string, origin: EventOrigin): BusEvent {
  const { nowUnixMs: timeUnixMs } = origin;
  return makeEvent(origin, {
    source: 'aws.scheduler',
    detailType: 'Scheduled Event',
    resources: [scheduleArn],
    detail: '{}',
    timeUnixMs,
  });
}

function makeEvent(
  { id, account }: EventOrigin,
  {
    source,
    detailType,
    resources,
    detail,
    timeUnixMs,
  }: {
    readonly source: string;
    readonly detailType: string;
    readonly resources: readonly string[];
    readonly detail: unknown;
    readonly timeUnixMs: number;
  },
): BusEvent {
  return {
    version: '0',
    id,
    'detail-type': detailType,
    source,
    account: account.accountId,
    time: toSecond(timeUnixMs),
    region: account.region,
    resources,
    detail,
  };
}

/** `2026-11-23T12:00:00Z`. */
export function toSecond(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19)}Z`;
}
