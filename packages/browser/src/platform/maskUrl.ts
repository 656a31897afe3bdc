/**
 * An address as it may be recorded: without user and password, without fragment, the values of its query masked.
 *
 * @param url an absolute address
 */
export function maskUrl({ protocol, host, pathname, search }: URL | Location): string {
  return `${protocol}//${host}${pathname}${search && `?${maskQuery(search.slice(1))}`}`;
}

function maskQuery(query: string): string {
  return query
    .split('&')
    .map((part) => (part.includes('=') ? part.slice(0, part.indexOf('=') + 1) : '') + '*')
    .join('&');
}
