import { readItemFailures } from '../../platform/batchItemFailures.ts';

/**
 * Reads from where on a batch shall come again, by the Lambda developer guide, "Configuring partial batch response with
 * Kinesis Data Streams and Lambda": the lowest sequence number that is reported is the checkpoint.
 *
 * @param payload what the function returned
 * @param sequenceNumbers of the batch, in order
 * @returns the position of the first record that comes again; undefined when the batch is done; 0, all of it, when the
 *   report cannot be read or names a stranger
 */
export function toCheckpoint(payload: Buffer, sequenceNumbers: readonly string[]): number | undefined {
  const ids = readItemFailures(payload);
  if (!ids) return 0;
  const positions = ids.map((id) => sequenceNumbers.indexOf(String(id ?? '')));
  if (positions.length === 0) return undefined;
  return Math.max(0, Math.min(...positions));
}
