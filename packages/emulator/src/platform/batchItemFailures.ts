import { isObject, parseJson } from './json.ts';

/**
 * Reads which items of a batch a function says have failed. Null, an empty object or a missing list count as success
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html, "Success and failure conditions").
 *
 * @param payload what the function returned
 * @returns the identifiers, of whatever type; undefined when the report cannot be read
 */
export function readItemFailures(payload: Buffer): readonly unknown[] | undefined {
  const document = parseJson(payload);
  if (document === null) return [];
  if (!isObject(document)) return undefined;
  const failures = document['batchItemFailures'] ?? [];
  if (!Array.isArray(failures)) return undefined;
  return failures.map((failure: unknown) => (isObject(failure) ? failure['itemIdentifier'] : undefined));
}
