import {
  MESSAGING_BATCH_MESSAGE_COUNT,
  MESSAGING_DESTINATION_NAME,
  MESSAGING_MESSAGE_ID,
  MESSAGING_OPERATION_NAME,
  MESSAGING_OPERATION_TYPE,
  MESSAGING_SYSTEM,
} from '@clickspan/shared/attributes';
import { KIND_CONSUMER } from '@clickspan/shared/tracer';
import type { Attributes, Link, SpanContext } from '@opentelemetry/api';
import { describeTrigger } from './trigger.ts';
import type { EventRecord } from './trigger.ts';
import type { Trigger } from '../../model/trigger.ts';

/** One message of a queue or topic, or one record of a stream. */
export interface Message {
  /** What identifies it; by this a function gives it back as failed. */
  readonly id: string | undefined;
  /** The queue, topic, stream or table that it comes from. */
  readonly destination: string | undefined;
  /** The context that its sender wrote. */
  readonly sender: SpanContext | undefined;
  /** It stood in the payload, into which anybody may have written. */
  readonly fromOutside?: boolean;
  /** What is known of it alone. */
  readonly attributes: Attributes;
}

/** Where messages come from. */
export interface MessageSource {
  /** The value of `clickspan.trigger`. */
  readonly name: string;
  /** The value of `messaging.system`; `undefined` for what is no messaging system. */
  readonly system: string | undefined;
  /** Reads one message; may throw on hostile ones. */
  readonly parse: (record: EventRecord) => Message;
  /** What a batch says of its invocation where it is more than messages. */
  readonly toTrigger?: (records: readonly EventRecord[]) => Trigger;
}

/** A span holds no more links; senders behind that are not looked for. */
const MAX_SENDERS = 128;

/** The name of what happens to messages, by the conventions for messaging. */
export function nameProcess(destination: string | undefined): string {
  return destination ? `process ${destination}` : 'process';
}

/** The attributes of processing, of one message or several. */
export function describeProcess(system: string | undefined, destination: string | undefined): Attributes {
  return {
    [MESSAGING_SYSTEM]: system,
    [MESSAGING_OPERATION_NAME]: 'process',
    [MESSAGING_OPERATION_TYPE]: 'process',
    [MESSAGING_DESTINATION_NAME]: destination,
  };
}

/**
 * What a batch of messages says of its invocation.
 *
 * @param records at least one
 */
export function toBatchTrigger(source: MessageSource, records: readonly EventRecord[]): Trigger {
  const { parent, links, first } = readSenders(source, records);
  const { destination, fromOutside } = first;
  return {
    name: nameProcess(destination),
    kind: KIND_CONSUMER,
    attributes: {
      ...describeTrigger('pubsub', source.name),
      ...describeProcess(source.system, destination),
      [MESSAGING_BATCH_MESSAGE_COUNT]: records.length,
      ...(records.length === 1 && first.attributes),
    },
    parent,
    fromOutside: parent && fromOutside,
    links,
    batch: true,
  };
}

/**
 * The senders of a batch. One message alone is the cause, and its sender the parent; of several no one is, so that each
 * sender that is known becomes a link, which names the message.
 *
 * @param records at least one
 */
export function readSenders(
  { parse }: MessageSource,
  records: readonly EventRecord[],
): { parent: SpanContext | undefined; links: readonly Link[]; first: Message } {
  const first = parse(records[0]!);
  if (records.length === 1) return { parent: first.sender, links: [], first };
  const links: Link[] = [];
  for (const record of records.slice(0, MAX_SENDERS)) {
    const { sender: context, id } = parse(record);
    if (context) links.push({ context, attributes: { [MESSAGING_MESSAGE_ID]: id } });
  }
  return { parent: undefined, links, first };
}

/** The last part of an ARN, or of its path: the name of a queue, topic, rule or bus. */
export function toResourceName(arn: string | undefined): string | undefined {
  return arn?.slice(Math.max(arn.lastIndexOf(':'), arn.lastIndexOf('/')) + 1) || undefined;
}
