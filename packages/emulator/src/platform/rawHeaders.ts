/** A header's name as it was sent, and all its values in order. */
export interface RawHeader {
  readonly name: string;
  readonly values: readonly string[];
}

/**
 * Gathers a request's headers by name. Names that differ in case only are one header; it keeps the name that came first.
 *
 * @param rawHeaders names and values by turns, as Node has them
 * @returns by lower-case name
 */
export function gatherHeaders(rawHeaders: readonly string[]): Map<string, RawHeader> {
  const headers = new Map<string, RawHeader>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    const key = name.toLowerCase();
    const known = headers.get(key);
    headers.set(key, { name: known?.name ?? name, values: [...(known?.values ?? []), rawHeaders[at + 1]!] });
  }
  return headers;
}
