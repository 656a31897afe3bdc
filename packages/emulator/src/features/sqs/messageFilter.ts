import { matchesPattern } from '../../platform/eventPattern.ts';
import { isObject, parseJson } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';

/**
 * Tells whether a message is wanted, by the Lambda developer guide, "Using event filtering with an Amazon SQS event
 * source": patterns look at the record, and into its body when that is JSON.
 *
 * @param record the message as a function would see it
 * @param patterns one of them must be met
 */
export function isWanted(record: unknown, patterns: readonly JsonObject[]): boolean {
  const { body } = isObject(record) ? record : {};
  const parsed = typeof body === 'string' ? parseJson(body) : undefined;
  const seen = isObject(record) && isObject(parsed) ? { ...record, body: parsed } : record;
  return patterns.some((pattern) => matchesPattern(pattern, seen));
}
