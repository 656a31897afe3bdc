import { createHash } from 'node:crypto';

/** Hash keys go from 0 to here. */
const LAST_HASH_KEY = 2n ** 128n - 1n;
/** Where sequence numbers begin: 56 digits, as Kinesis's have. */
const FIRST_SEQUENCE_NUMBER = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;

/** `shardId-000000000000`. */
export function toShardId(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

/**
 * Finds the shard of a record: the MD5 of its partition key, or the hash key that it brings, among equal ranges.
 *
 * @param partitionKey the record's
 * @param explicitHashKey a decimal number that takes the hash's place
 * @param shards how many there are
 * @returns the shard's index
 */
export function toShardIndex(
  partitionKey: string,
  explicitHashKey: string | undefined,
  shards: number,
): number {
  const hash =
    explicitHashKey === undefined
      ? BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`)
      : BigInt(explicitHashKey);
  return Number((hash * BigInt(shards)) / (LAST_HASH_KEY + 1n));
}

/** The range of hash keys of a shard. */
export function toHashKeyRange(index: number, shards: number): readonly [first: bigint, last: bigint] {
  const bound = (at: number): bigint => {
    const size = (LAST_HASH_KEY + 1n) * BigInt(at);
    return (size + BigInt(shards) - 1n) / BigInt(shards);
  };
  return [bound(index), bound(index + 1) - 1n];
}

/** Counts upwards; every number has 56 digits. */
export function createSequence(): () => string {
  let next = FIRST_SEQUENCE_NUMBER;
  return () => String(next++);
}
