/** Compresses text. */
export type Gzip = (text: string) => Promise<ArrayBuffer>;

/**
 * Makes compression by the browser, where it has one. What it uses is taken before the page's promises are followed, so
 * that ours keep no action open.
 */
export function createGzip({
  CompressionStream,
  Response,
  Blob,
}: Window & typeof globalThis): Gzip | undefined {
  if (!CompressionStream) return undefined;
  // oxlint-disable-next-line typescript/unbound-method -- called with its object below
  const { arrayBuffer } = Response.prototype;
  return (text) =>
    arrayBuffer.call(new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))));
}
