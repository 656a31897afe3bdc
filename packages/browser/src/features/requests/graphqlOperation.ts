import type { Attributes } from '@opentelemetry/api';
import { GRAPHQL_OPERATION_NAME, GRAPHQL_OPERATION_TYPE } from '@clickspan/shared/attributes';
import { maskText } from '@clickspan/shared/masking';

/** Longer bodies are not read: they carry uploads, and reading takes time. */
const MAX_BODY_LENGTH = 64 * 1024;
const MAX_NAME_LENGTH = 60;
const OPERATION = /\b(query|mutation|subscription)\b\s*(\w*)/g;

/** What a request does in GraphQL. */
export interface GraphqlOperation {
  /** `query Foo`; only the type where it has no name. */
  readonly name: string;
  readonly attributes: Attributes;
}

/**
 * Reads type and name of the operation in the body of a GraphQL request; of a batch those of the first.
 *
 * @param body as it is sent; anything but text is not read
 * @returns `undefined` when it is no GraphQL
 */
export function parseGraphqlOperation(body: unknown): GraphqlOperation | undefined {
  if (typeof body !== 'string' || body.length > MAX_BODY_LENGTH) return undefined;
  try {
    const [{ query, operationName }] = [JSON.parse(body)].flat() as [
      { query: string; operationName: unknown },
    ];
    const operations = /^\s*\{/.test(query) ? [] : [...query.matchAll(OPERATION)];
    const [, type = 'query', first] =
      operations.find(([, , name]) => name === operationName) ?? operations[0] ?? [];
    const name = maskText(String(operationName || first || '')).slice(0, MAX_NAME_LENGTH);
    return {
      name: `${type} ${name}`.trim(),
      attributes: { [GRAPHQL_OPERATION_TYPE]: type, [GRAPHQL_OPERATION_NAME]: name || undefined },
    };
  } catch {
    return undefined;
  }
}
