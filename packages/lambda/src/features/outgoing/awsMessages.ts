import type { Carrier } from './awsContext.ts';

/** A message attribute of SQS or SNS. */
interface MessageAttribute {
  readonly DataType?: unknown;
  readonly StringValue?: unknown;
  readonly BinaryValue?: unknown;
}

/** A message as `SendMessage` of SQS and `Publish` of SNS take it, or an entry of a batch. */
export interface Message {
  /** The body for SQS. */
  readonly MessageBody?: unknown;
  /** The body for SNS. */
  readonly Message?: unknown;
  readonly Subject?: unknown;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>> | undefined;
}

/** SQS takes no more attributes on one message, nor does SNS deliver more to a queue. */
const MAX_ATTRIBUTES = 10;
/** What every queue and topic takes in one request unless it was made smaller; body, names, types and values count. */
const MAX_BYTES = 262_144;
/** What SQS takes since 2025, where the queue allows it; so a message that is larger than the old limit tells that it does. */
const MAX_LARGE_BYTES = 1_048_576;

/**
 * Writes a context into a message's attributes, in a copy. The message stays as it is where it carries a context
 * already, or where ours would break a limit.
 */
export function withContext<M extends Message>(message: M, carrier: Carrier): M {
  return withContexts([message], carrier)[0]!;
}

/** The same for every message of a batch, which has one limit of bytes together. */
export function withContexts<M extends Message>(messages: readonly M[], carrier: Carrier): M[] {
  const size = messages.reduce((sum, message) => sum + countBytes(message), 0);
  let room = toLimit(size) - size;
  return messages.map((message) => {
    const added = addContext(message, carrier, room);
    room -= added.bytes;
    return added.message;
  });
}

/** The limit of a request whose content is so large without us. */
export function toLimit(bytes: number): number {
  return bytes > MAX_BYTES ? MAX_LARGE_BYTES : MAX_BYTES;
}

function addContext<M extends Message>(
  message: M,
  { traceparent, tracestate }: Carrier,
  room: number,
): { message: M; bytes: number } {
  const attributes: Record<string, MessageAttribute> = { ...message?.MessageAttributes };
  if ('traceparent' in attributes) return { message, bytes: 0 };
  let bytes = 0;
  const add = (name: string, value: string | undefined): void => {
    if (!value || name in attributes || Object.keys(attributes).length >= MAX_ATTRIBUTES) return;
    const attribute = { DataType: 'String', StringValue: value };
    const size = countAttribute(name, attribute);
    if (bytes + size > room) return;
    attributes[name] = attribute;
    bytes += size;
  };
  add('traceparent', traceparent);
  if (bytes > 0) add('tracestate', tracestate);
  return bytes > 0 ? { message: { ...message, MessageAttributes: attributes }, bytes } : { message, bytes };
}

function countBytes({
  MessageBody: body,
  Message: text,
  Subject: subject,
  MessageAttributes: attributes,
}: Message): number {
  let bytes = countText(body) + countText(text) + countText(subject);
  for (const [name, attribute] of Object.entries(attributes ?? {})) bytes += countAttribute(name, attribute);
  return bytes;
}

function countAttribute(
  name: string,
  { DataType: type, StringValue: text, BinaryValue: binary }: MessageAttribute,
): number {
  const binaryBytes = binary instanceof Uint8Array ? binary.byteLength : 0;
  return countText(name) + countText(type) + countText(text) + binaryBytes;
}

/** How many bytes a text takes. */
export function countText(text: unknown): number {
  return typeof text === 'string' ? Buffer.byteLength(text) : 0;
}
