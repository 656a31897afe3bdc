/**
 * Below this size even the worst document costs little to parse, so that looking first would only cost time:
 * measured, 50 bytes of memory for a byte of opening brackets.
 */
const HARMLESS_BYTES = 1024 * 1024;
/** OTLP needs 9 levels down to an attribute and 3 more for each array in its value. */
const MAX_DEPTH = 100;
/** OTLP has a value for about every 10 bytes. */
const MIN_BYTES_PER_VALUE = 5;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Decides, without parsing it, whether a large JSON document would take far more memory than its size: because
 * it is nested without end, or made of next to nothing but brackets and commas.
 *
 * @param bytes JSON, or what claims to be
 */
export function isExplosive(bytes: Uint8Array): boolean {
  if (bytes.length <= HARMLESS_BYTES) return false;
  const maxValues = bytes.length / MIN_BYTES_PER_VALUE;
  let [depth, values] = [0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = skipString(bytes, at);
    else if (byte === COMMA) values++;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      values++;
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
  }
  return values > maxValues;
}

function skipString(bytes: Uint8Array, opening: number): number {
  for (let at = opening + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at;
  }
  return bytes.length;
}
