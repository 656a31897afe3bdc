import { crc32 } from 'node:zlib';

/** A header's type: text. */
const TEXT_TYPE = 7;
/** Lengths of message and headers, and their checksum; and the checksum behind all. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;

/**
 * Encodes one message of AWS's event stream (`application/vnd.amazon.eventstream`, Smithy "Amazon Event Stream
 * Specification").
 *
 * @param headers names and values, all of them text
 * @param payload what the message carries
 */
export function encodeEventMessage(headers: Readonly<Record<string, string>>, payload: Buffer): Buffer {
  const headerBytes = Buffer.concat(
    Object.entries(headers).map(([name, value]) => encodeHeader(name, value)),
  );
  const totalBytes = PRELUDE_BYTES + headerBytes.length + payload.length + CHECKSUM_BYTES;
  const prelude = Buffer.concat([toUint32(totalBytes), toUint32(headerBytes.length)]);
  const message = Buffer.concat([prelude, toUint32(crc32(prelude)), headerBytes, payload]);
  return Buffer.concat([message, toUint32(crc32(message))]);
}

function encodeHeader(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name);
  const valueBytes = Buffer.from(value);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(valueBytes.length);
  return Buffer.concat([
    Buffer.from([nameBytes.length]),
    nameBytes,
    Buffer.from([TEXT_TYPE]),
    size,
    valueBytes,
  ]);
}

function toUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
