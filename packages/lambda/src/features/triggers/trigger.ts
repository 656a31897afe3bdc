import { CLICKSPAN_TRIGGER, CLICKSPAN_TRIGGER_OPERATION, FAAS_TRIGGER } from '@clickspan/shared/attributes';
import type { Attributes } from '@opentelemetry/api';
import type { Trigger } from '../../model/trigger.ts';

/** An event that is an object. */
export type EventRecord = Readonly<Record<string, unknown>>;

/** Knows one kind of event; `undefined` for all others. May throw on hostile events: the caller guards. */
export type TriggerParser = (event: EventRecord) => Trigger | undefined;

/** The values of `faas.trigger`. */
export type FaasTrigger = 'http' | 'pubsub' | 'datasource' | 'timer' | 'other';

/** No name of an operation is longer; what is, is no name. */
const MAX_OPERATION_LENGTH = 128;

/**
 * The attributes that tell what called the function.
 *
 * @param faas in the words of the conventions
 * @param source in ours, as `sqs`
 * @param operation which of the source's events it is
 */
export function describeTrigger(faas: FaasTrigger, source: string, operation?: string): Attributes {
  return {
    [FAAS_TRIGGER]: faas,
    [CLICKSPAN_TRIGGER]: source,
    [CLICKSPAN_TRIGGER_OPERATION]: operation?.slice(0, MAX_OPERATION_LENGTH),
  };
}

const EMPTY: EventRecord = {};

/** The value as an object whose fields can be read, or an empty one. */
export function toRecord(value: unknown): EventRecord {
  return typeof value === 'object' && value !== null ? (value as EventRecord) : EMPTY;
}

/** The value if it is a text that is not empty. */
export function toText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
