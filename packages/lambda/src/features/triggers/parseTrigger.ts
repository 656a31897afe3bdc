import { FAAS_TRIGGER } from '@clickspan/shared/attributes';
import { KIND_SERVER } from '@clickspan/shared/tracer';
import { parseHttpV2 } from './httpV2.ts';
import { parseSqs } from './sqs.ts';
import type { EventRecord, Trigger, TriggerParser } from './trigger.ts';

/** Asked in turn; the first that knows an event has it. */
const PARSERS: readonly TriggerParser[] = [parseHttpV2, parseSqs];

/** What is known of an event that nobody knows. */
const UNKNOWN_TRIGGER: Trigger = { kind: KIND_SERVER, attributes: { [FAAS_TRIGGER]: 'other' } };

/**
 * Finds out what an event is.
 *
 * @param event anything that JSON can hold, and with direct calls in tests anything at all; may throw on getters that do
 */
export function parseTrigger(event: unknown): Trigger {
  if (typeof event !== 'object' || event === null) return UNKNOWN_TRIGGER;
  for (const parse of PARSERS) {
    const trigger = parse(event as EventRecord);
    if (trigger) return trigger;
  }
  return UNKNOWN_TRIGGER;
}
