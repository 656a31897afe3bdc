/** Compresses text. */
export type Gzip = (text: string) => Promise<ArrayBuffer>;

/**
 * Makes compression by the browser, where it has one. What it uses is taken before the page's promises are followed, so
 * that ours keep no action open.
 */
export function createGzip({
  CompressionStream,
  Response,
  TextEncoder,
}: Window & typeof globalThis): Gzip | undefined {
  if (!CompressionStream) return undefined;
  // oxlint-disable-next-line typescript/unbound-method -- called with its object below
  const { arrayBuffer } = Response.prototype;
  return (text) => {
    // Not by a Blob: that is known to the browser's other processes, which costs more than compressing.
    const { readable, writable } = new CompressionStream('gzip');
    const writer = writable.getWriter();
    void writer.write(new TextEncoder().encode(text));
    void writer.close();
    return arrayBuffer.call(new Response(readable));
  };
}
