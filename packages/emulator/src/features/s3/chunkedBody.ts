const LINE_END = '\r\n';

/**
 * Takes an `aws-chunked` body apart, as SDKs send streams: chunks with their sizes in hex, then trailers, which are not
 * looked at.
 *
 * @param bytes the body as it was sent
 * @returns the bytes that were meant; undefined when the framing is broken
 */
export function decodeChunkedBody(bytes: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(LINE_END, at);
    // Behind the size may be a signature, which nobody checks here.
    const size = end < 0 ? undefined : /^([0-9a-f]{1,8})(;|$)/i.exec(bytes.toString('latin1', at, end))?.[1];
    if (size === undefined) return undefined;
    const length = Number.parseInt(size, 16);
    if (length === 0) return Buffer.concat(chunks);
    const start = end + LINE_END.length;
    at = start + length + LINE_END.length;
    if (at > bytes.length) return undefined;
    chunks.push(bytes.subarray(start, start + length));
  }
}
