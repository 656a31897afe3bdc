import { isObject } from '../../platform/json.ts';
import type { EventTarget } from './eventsConfig.ts';

/**
 * Makes what a target of a rule gets: its own input, a part of the event, or the event.
 *
 * @param target the target
 * @param event the event
 */
export function toTargetInput({ input, inputPath }: EventTarget, event: unknown): unknown {
  if (input !== undefined) return input;
  if (inputPath === undefined) return event;
  let value = event;
  for (const name of inputPath.split('.').slice(1)) {
    value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value ?? null;
}

/** What the keywords in a schedule's input stand for. */
export interface ScheduleContext {
  readonly scheduleArn: string;
  readonly scheduledTime: string;
  readonly executionId: string;
}

/**
 * Fills in the keywords of a schedule's input (EventBridge Scheduler user guide, "Adding context attributes").
 *
 * @param input what is configured
 * @param context what the keywords stand for
 */
export function fillInContext(
  input: unknown,
  { scheduleArn, scheduledTime, executionId }: ScheduleContext,
): unknown {
  const keywords: Readonly<Record<string, string>> = {
    'schedule-arn': scheduleArn,
    'scheduled-time': scheduledTime,
    'execution-id': executionId,
    'attempt-number': '1',
  };
  const fill = (text: string): string =>
    text.replaceAll(/<aws\.scheduler\.([a-z-]+)>/g, (whole, name: string) => keywords[name] ?? whole);
  if (typeof input === 'string') return fill(input);
  return JSON.parse(fill(JSON.stringify(input))) as unknown;
}
