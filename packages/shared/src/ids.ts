/**
 * Fills an array with random bytes and returns it.
 * Browsers: `(b) => crypto.getRandomValues(b)`. Node: the same, or a pool over `crypto.randomFillSync`.
 */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** Makes ids for traces (32 lower-case hex digits) and spans (16), never all zero. */
export interface IdSource {
  traceId(): string;
  spanId(): string;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
/** Random bytes are drawn this many at a time: a call to the platform costs more than the bytes. */
const POOL_BYTES = 512;

/**
 * Makes a source of ids.
 *
 * @param random where the randomness comes from; called once per 512 bytes, lazily
 */
export function createIdSource(random: RandomBytes): IdSource {
  let pool: Uint8Array = new Uint8Array(0);
  let at = 0;
  const hex = (bytes: number): string => {
    for (;;) {
      if (at + bytes > pool.length) {
        pool = random(new Uint8Array(POOL_BYTES));
        at = 0;
      }
      let text = '';
      let any = 0;
      for (const end = at + bytes; at < end; at++) {
        const byte = pool[at]!;
        pool[at] = 0;
        any |= byte;
        text += HEX[byte]!;
      }
      if (any) return text;
    }
  };
  return { traceId: () => hex(16), spanId: () => hex(8) };
}
