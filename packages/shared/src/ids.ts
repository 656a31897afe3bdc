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

/** Random bytes are drawn this many at a time: a call costs more than a few bytes, many would make the first id slow. */
const POOL_BYTES = 128;

/**
 * Makes a source of ids.
 *
 * @param random where the randomness comes from; called once per 128 bytes, lazily
 */
export function createIdSource(random: RandomBytes): IdSource {
  let pool = '';
  const take = (digits: number): string => {
    if (pool.length < digits) {
      pool = random(new Uint8Array(POOL_BYTES)).reduce(
        (text, byte) => text + (byte + 0x100).toString(16).slice(1),
        '',
      );
    }
    const id = pool.slice(0, digits);
    pool = pool.slice(digits);
    return /[^0]/.test(id) ? id : take(digits);
  };
  return { traceId: () => take(32), spanId: () => take(16) };
}
