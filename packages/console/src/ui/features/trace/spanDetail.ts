import {
  DB_COLLECTION_NAME,
  MESSAGING_DESTINATION_NAME,
  URL_FULL,
  URL_PATH,
} from '@clickspan/shared/attributes';
import type { Span } from '../../../api/types.ts';

/** Rows cut what has no room; this only keeps absurd values out of the page's layout. */
const MAX_LENGTH = 200;

/**
 * What a span was about, where its name does not tell: names are kept general (`GET`, `DynamoDB.PutItem`) so that they can
 * be counted, but a reader of one trace asks which path and which table.
 *
 * @returns a path, table or queue; empty when there is nothing to add
 */
export function toSpanDetail(span: Span): string {
  const { attributes, name } = span;
  const detail =
    attributes[DB_COLLECTION_NAME] ??
    attributes[MESSAGING_DESTINATION_NAME] ??
    toPath(attributes[URL_FULL]) ??
    attributes[URL_PATH] ??
    '';
  return detail !== '' && !name.includes(detail) && !hasRoute(name) ? detail.slice(0, MAX_LENGTH) : '';
}

/** A name such as `GET /orders/{id}` tells enough. */
function hasRoute(name: string): boolean {
  return name.includes(' /');
}

/** Without query: it is in the panel, and may be long. */
function toPath(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).pathname : undefined;
}
