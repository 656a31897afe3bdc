import { FAAS_TRIGGER } from '@clickspan/shared/attributes';
import type { DescribedMessage } from '../../model/describedMessage.ts';
import { describeProcess, nameProcess } from './message.ts';
import { findSource } from './messageSources.ts';
import { toRecord } from './trigger.ts';

/**
 * Describes one message, for a span of its own. Of what is no message that is known, only that it is processed.
 *
 * @param record an item of an event's `Records`, or of a batch of Kafka; may throw on getters that do
 */
export function describeMessage(record: unknown): DescribedMessage {
  const fields = toRecord(record);
  const source = findSource(fields);
  if (!source)
    return {
      id: undefined,
      name: nameProcess(undefined),
      attributes: describeProcess(undefined, undefined),
      sender: undefined,
      fromOutside: false,
    };
  const { id, destination, sender, fromOutside = false, attributes } = source.parse(fields);
  const faas = source.toTrigger ? 'datasource' : 'pubsub';
  return {
    id,
    name: nameProcess(destination),
    attributes: { [FAAS_TRIGGER]: faas, ...describeProcess(source.system, destination), ...attributes },
    sender,
    fromOutside,
  };
}
