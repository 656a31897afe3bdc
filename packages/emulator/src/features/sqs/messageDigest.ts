import { createHash } from 'node:crypto';
import type { MessageAttribute, MessageAttributes } from './message.ts';

/** How a value is marked in the digest: text (String and Number) or bytes. */
const TEXT_MARK = Buffer.from([1]);
const BYTES_MARK = Buffer.from([2]);

/**
 * The MD5 of a body, in hex; SDKs check it.
 *
 * @param body the message's body
 */
export function toBodyMd5(body: string): string {
  return createHash('md5').update(body).digest('hex');
}

/**
 * The MD5 of message attributes, in hex, by the recipe of the SQS developer guide ("Calculating the MD5 message digest
 * for message attributes"): by name, each as length and bytes of name, type and value.
 *
 * @param attributes the attributes
 * @returns the digest; undefined when there are none
 */
export function toAttributesMd5(attributes: MessageAttributes): string | undefined {
  const entries = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return undefined;
  const hash = createHash('md5');
  for (const [name, attribute] of entries) {
    for (const part of [...sized(name), ...sized(attribute.dataType), ...toValueParts(attribute)])
      hash.update(part);
  }
  return hash.digest('hex');
}

function toValueParts({ dataType, stringValue, binaryValue }: MessageAttribute): readonly Buffer[] {
  if (dataType.startsWith('Binary')) return [BYTES_MARK, ...sized(binaryValue ?? Buffer.alloc(0))];
  return [TEXT_MARK, ...sized(stringValue ?? '')];
}

function sized(value: string | Buffer): [Buffer, Buffer] {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return [size, bytes];
}
