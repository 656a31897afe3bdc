/** Up to this length a loop over the characters is faster than a call into the runtime. */
const SHORT_CHARS = 24;
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const MAX_BYTES_PER_CHAR = 3;
/** Length of the longest varint that a string's length can need. */
const MAX_VARINT_BYTES = 5;

/** Bytes in ClickHouse's RowBinary format, growing as they are written. A class, because it is the hottest path of ingest. */
export class RowBuffer {
  #bytes: Buffer;
  #length = 0;

  constructor(capacityBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(capacityBytes, 1_024));
  }

  get length(): number {
    return this.#length;
  }

  /** What has been written so far. It shares memory with the buffer, unless most of that would be held for nothing. */
  toBytes(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#length);
    return this.#length * 2 < this.#bytes.length ? Uint8Array.from(bytes) : bytes;
  }

  varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    this.#putVarint(value);
  }

  /** Int64 and UInt64 look the same for what we write: nothing is negative. */
  int64(value: bigint): void {
    this.#reserve(8);
    this.#bytes.writeBigUInt64LE(value, this.#length);
    this.#length += 8;
  }

  string(text: string): void {
    const chars = text.length;
    this.#reserve(chars * MAX_BYTES_PER_CHAR + MAX_VARINT_BYTES);
    if (chars <= SHORT_CHARS && this.#putShortAscii(text)) return;
    const byteLength = Buffer.byteLength(text);
    this.#putVarint(byteLength);
    this.#length += this.#bytes.write(text, this.#length, byteLength === chars ? 'latin1' : 'utf8');
  }

  /** Bytes that are RowBinary already. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A `Map(String, String)` from key, value, key, value … */
  map(flat: readonly string[]): void {
    this.varint(flat.length / 2);
    for (const text of flat) this.string(text);
  }

  #putShortAscii(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = text.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #putVarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(extraBytes: number): void {
    const needed = this.#length + extraBytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
