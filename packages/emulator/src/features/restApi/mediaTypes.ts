/**
 * Tells whether a media type is one that the API treats as binary.
 *
 * @param binaryMediaTypes as configured; asterisk, slash, asterisk stands for all
 * @param header a `content-type` or `accept`; of several types the first one counts
 */
export function matchesMediaType(binaryMediaTypes: readonly string[], header: string | undefined): boolean {
  if (binaryMediaTypes.includes('*/*')) return true;
  const type = header?.split(',')[0]!.split(';')[0]!.trim().toLowerCase() ?? '';
  return binaryMediaTypes.some((binary) => binary.toLowerCase() === type);
}
