import { HTTP_REQUEST_METHOD, HTTP_REQUEST_METHOD_ORIGINAL } from '@clickspan/shared/attributes';
import type { Attributes } from '@opentelemetry/api';

const KNOWN: ReadonlySet<string> = new Set(
  'CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE'.split(' '),
);

/** No method that means anything is longer. */
const MAX_LENGTH = 32;

/**
 * The attributes of a request's method. What is unknown could be anything: it stands beside `_OTHER`.
 *
 * @param method as the client sends it
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/
 */
export function describeMethod(method: string): Attributes {
  const isKnown = KNOWN.has(method);
  return {
    [HTTP_REQUEST_METHOD]: isKnown ? method : '_OTHER',
    [HTTP_REQUEST_METHOD_ORIGINAL]: isKnown ? undefined : method.slice(0, MAX_LENGTH),
  };
}

/** A method as the name of a span, of which there must not be many. */
export function nameMethod(method: string): string {
  return KNOWN.has(method) ? method : 'HTTP';
}
