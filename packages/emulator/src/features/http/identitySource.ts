import type { IncomingMessage } from 'node:http';
import { splitUrl } from '../../platform/requestUrl.ts';

const SOURCE = /^\$request\.(header|querystring)\.(\S+)$/;

/** Whether a text says where in a request something of its sender is. */
export function isIdentitySource(source: string): boolean {
  return SOURCE.test(source);
}

/**
 * Reads what an identity source names; undefined when the request has it not.
 *
 * @param source `$request.header.NAME` or `$request.querystring.NAME`
 * @param request the request
 */
export function readIdentity(source: string, request: IncomingMessage): string | undefined {
  const [, kind, name = ''] = SOURCE.exec(source) ?? [];
  if (kind === 'header') return request.headersDistinct[name.toLowerCase()]?.join(',');
  const values = new URLSearchParams(splitUrl(request.url ?? '/')[1]).getAll(name);
  return values.length > 0 ? values.join(',') : undefined;
}
