import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowBuffer } from './rowBuffer.ts';

/** Reads back what the format says, in the plainest way. */
function readStrings(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    let [length, shift] = [0, 0];
    for (;;) {
      const byte = bytes[at++]!;
      length |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) break;
    }
    texts.push(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, at + length)),
    );
    at += length;
  }
  return texts;
}

describe('RowBuffer', () => {
  it('writes any strings so that they can be read back, however small it began', () => {
    const texts = fc.array(
      fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ maxLength: 30 })),
    );
    fc.assert(
      fc.property(texts, (strings) => {
        const buffer = new RowBuffer(0);
        for (const text of strings) buffer.string(text);
        expect(readStrings(buffer.toBytes())).toEqual(strings.map((text) => text.toWellFormed()));
      }),
    );
  });

  it.each([0, 127, 128, 16_383, 16_384])(
    'writes a string of %i bytes with the length that belongs to it',
    (length) => {
      const buffer = new RowBuffer(0);
      buffer.string('x'.repeat(length));
      buffer.string('é'.repeat(length));
      expect(readStrings(buffer.toBytes()).map((text) => text.length)).toEqual([length, length]);
    },
  );

  it('does not hold what it was given too much of', () => {
    const buffer = new RowBuffer(10_000_000);
    buffer.string('x');
    const bytes = buffer.toBytes();
    expect(readStrings(bytes)).toEqual(['x']);
    expect(bytes.buffer.byteLength).toBeLessThan(10_000);
  });

  it('writes 64-bit numbers little end first', () => {
    const buffer = new RowBuffer(0);
    buffer.int64(0x0102030405060708n);
    expect([...buffer.toBytes()]).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('replaces half a character, which has no UTF-8', () => {
    const buffer = new RowBuffer(0);
    buffer.string('a\ud83d');
    expect(readStrings(buffer.toBytes())).toEqual(['a\ufffd']);
  });
});
