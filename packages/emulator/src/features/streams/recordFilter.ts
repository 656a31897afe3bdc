import { matchesPattern } from '../../platform/eventPattern.ts';
import { isObject, parseJson } from '../../platform/json.ts';

/**
 * Tells whether a record is wanted, by the Lambda developer guide, "Control which events Lambda sends to your function":
 * patterns look at a DynamoDB record as it is, and at what is under `kinesis` of a Kinesis one, with its data as JSON.
 *
 * @param record as a function would see it
 * @param patterns one of them must be met; all records are wanted when there is none
 */
export function isWantedRecord(
  record: unknown,
  patterns: readonly Readonly<Record<string, unknown>>[],
): boolean {
  const seen = isObject(record) && isObject(record['kinesis']) ? toSeen(record['kinesis']) : record;
  return patterns.length === 0 || patterns.some((pattern) => matchesPattern(pattern, seen));
}

function toSeen(kinesis: Readonly<Record<string, unknown>>): unknown {
  const text = Buffer.from(String(kinesis['data']), 'base64').toString();
  const parsed = parseJson(text);
  return { ...kinesis, data: isObject(parsed) ? parsed : text };
}
