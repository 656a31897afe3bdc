import type { IncomingMessage } from 'node:http';

/**
 * Tells whether a request may have been made by a web page. Loopback is no boundary: every page that the user visits
 * can send requests to it, blindly; and a name of its own that resolves to 127.0.0.1 would let it read the answers.
 *
 * @param request the request; what a browser adds to it cannot be left out by a page
 */
export function mayBeWebPage(request: IncomingMessage): boolean {
  const { origin, host = '' } = request.headers;
  const isLoopbackName = /^(127\.0\.0\.1|localhost)(:\d+)?$/i.test(host);
  return origin !== undefined || request.headers['sec-fetch-site'] !== undefined || !isLoopbackName;
}
