import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/**
 * Decides whether a request to the console's listener comes from the console's own pages or from a program of
 * the user. A page elsewhere may not read traces: not by asking directly (its origin tells), and not by a name
 * of its own that points at this machine (the host tells).
 *
 * @param headers of the request
 * @param extraHosts names beside the loopback ones by which the console may be asked
 * @returns why not, as a sentence, or `undefined` when it may
 */
export function refuseAccess(
  headers: IncomingHttpHeaders,
  extraHosts: readonly string[],
): string | undefined {
  const address = toUrl(`http://${headers.host ?? ''}`);
  if (address === undefined || !isAllowed(toHostname(address), extraHosts)) {
    return 'The console does not know itself by this host name; allow it with CLICKSPAN_ALLOWED_HOSTS.';
  }
  const { origin } = headers;
  if (origin !== undefined) {
    // Behind a proxy the scheme may be another; what names the page is host and port.
    const page = toUrl(origin);
    if (page === undefined || toUrl(`${page.protocol}//${headers.host}`)?.host !== page.host)
      return 'Pages of another origin may not read traces.';
  }
  const site = headers['sec-fetch-site'];
  // Following a link to the console is a navigation, and welcome; fetching from it is not.
  if ((site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate') {
    return 'Pages of another origin may not read traces.';
  }
  return undefined;
}

function isAllowed(host: string, extraHosts: readonly string[]): boolean {
  return LOOPBACK_NAMES.includes(host) || extraHosts.some((extra) => extra.toLowerCase() === host);
}

function toHostname({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

function toUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
