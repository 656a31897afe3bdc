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

/** Random bytes are drawn this many at a time: a call to the platform costs more than the bytes. */
const POOL_BYTES = 512;

/**
 * Makes a source of ids.
 *
 * @param random where the randomness comes from; called once per 512 bytes, lazily
 */
export function createIdSource(random: RandomBytes): IdSource {
  let pool = new Uint8Array();
  const take = (bytes: number): string => {
    if (pool.length < bytes) pool = random(new Uint8Array(POOL_BYTES));
    const id = pool
      .subarray(0, bytes)
      .reduce((text, byte) => text + (byte + 0x100).toString(16).slice(1), '');
    pool = pool.subarray(bytes);
    return /[^0]/.test(id) ? id : take(bytes);
  };
  return { traceId: () => take(16), spanId: () => take(8) };
}
