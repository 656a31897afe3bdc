/** Compresses text. */
export type Gzip = (text: string) => Promise<ArrayBuffer>;

/**
 * Makes compression by the browser, where it has one. What it uses is taken before the page's promises are followed, so
 * that ours keep no action open.
 */
export function createGzip({ CompressionStream, Response }: Window & typeof globalThis): Gzip | undefined {
  // oxlint-disable-next-line typescript/unbound-method -- called with its object below
  const { arrayBuffer } = Response.prototype;
  // Not by a Blob: that is known to the browser's other processes, which costs more than compressing.
  return (
    CompressionStream &&
    ((text) =>
      arrayBuffer.call(new Response(new Response(text).body!.pipeThrough(new CompressionStream('gzip')))))
  );
}
