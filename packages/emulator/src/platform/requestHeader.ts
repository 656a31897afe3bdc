import type { IncomingMessage } from 'node:http';

/**
 * Reads a header that comes once.
 *
 * @param request the request
 * @param name in lower case
 * @returns its value; undefined when it is not there or empty
 */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
