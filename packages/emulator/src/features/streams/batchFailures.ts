import { isObject, parseJson } from '../../platform/json.ts';

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
  const failures = readFailures(payload);
  if (!failures) return 0;
  const positions = failures.map((failure) =>
    isObject(failure) ? sequenceNumbers.indexOf(String(failure['itemIdentifier'] ?? '')) : -1,
  );
  if (positions.length === 0) return undefined;
  return Math.max(0, Math.min(...positions));
}

/** Null, an empty object or a missing list count as success. */
function readFailures(payload: Buffer): readonly unknown[] | undefined {
  const document = parseJson(payload);
  if (document === null) return [];
  if (!isObject(document)) return undefined;
  const failures = document['batchItemFailures'] ?? [];
  return Array.isArray(failures) ? failures : undefined;
}
