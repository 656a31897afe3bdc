import { toTraceparent } from '@clickspan/shared/traceContext';
import type { SpanContext } from '@opentelemetry/api';

/** A message attribute of SQS. */
interface MessageAttribute {
  readonly DataType?: unknown;
  readonly StringValue?: unknown;
  readonly BinaryValue?: unknown;
}

/** A message as `SendMessage` takes it, or an entry of a batch. */
export interface SqsMessage {
  readonly MessageBody?: unknown;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>> | undefined;
}

/** The input of `SendMessageBatch`. */
export interface SqsBatch {
  readonly Entries?: readonly SqsMessage[] | undefined;
}

/** SQS takes no more attributes on one message. */
const MAX_ATTRIBUTES = 10;
/** What a queue takes in one request unless it was made larger; body, names, types and values count. */
const MAX_BYTES = 262_144;

/**
 * Writes a context into a message's attributes, in a copy. The message stays as it is where it carries a context
 * already, or where ours would break a limit of SQS.
 *
 * @param context the span that sends it
 */
export function withContext<M extends SqsMessage>(message: M, context: SpanContext): M {
  return addContext(message, context, MAX_BYTES - countBytes(message)).message;
}

/** The same for every message of a batch, which has one limit of bytes together. */
export function withContexts<B extends SqsBatch>(batch: B, context: SpanContext): B {
  if (!Array.isArray(batch.Entries)) return batch;
  const messages = batch.Entries as readonly SqsMessage[];
  let room = MAX_BYTES - messages.reduce((sum, message) => sum + countBytes(message), 0);
  const entries = messages.map((message) => {
    const added = addContext(message, context, room);
    room -= added.bytes;
    return added.message;
  });
  return { ...batch, Entries: entries };
}

function addContext<M extends SqsMessage>(
  message: M,
  context: SpanContext,
  room: number,
): { message: M; bytes: number } {
  const attributes: Record<string, MessageAttribute> = { ...message.MessageAttributes };
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
  add('traceparent', toTraceparent(context));
  if (bytes > 0) add('tracestate', context.traceState?.serialize());
  return bytes > 0 ? { message: { ...message, MessageAttributes: attributes }, bytes } : { message, bytes };
}

function countBytes({ MessageBody: body, MessageAttributes: attributes }: SqsMessage): number {
  let bytes = typeof body === 'string' ? Buffer.byteLength(body) : 0;
  for (const [name, attribute] of Object.entries(attributes ?? {})) bytes += countAttribute(name, attribute);
  return bytes;
}

function countAttribute(
  name: string,
  { DataType: type, StringValue: text, BinaryValue: binary }: MessageAttribute,
): number {
  const typeBytes = typeof type === 'string' ? type.length : 0;
  const textBytes = typeof text === 'string' ? Buffer.byteLength(text) : 0;
  const binaryBytes = binary instanceof Uint8Array ? binary.byteLength : 0;
  return Buffer.byteLength(name) + typeBytes + textBytes + binaryBytes;
}
