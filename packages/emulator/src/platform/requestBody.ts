import type { IncomingMessage } from 'node:http';

/** A request's body, or the news that it was longer than allowed. */
export type RequestBody =
  | { readonly status: 'whole'; readonly bytes: Buffer }
  | { readonly status: 'tooLarge'; readonly sizeBytes: number };

/**
 * Reads a request's body to its end; what exceeds the limit is read too, so that the sender can finish and see the
 * answer, but not kept.
 *
 * @param request the request
 * @param maxBytes how much is kept at most
 * @returns the body; rejects when the connection breaks
 */
export function readRequestBody(request: IncomingMessage, maxBytes: number): Promise<RequestBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.on('end', () => {
      if (sizeBytes > maxBytes) resolve({ status: 'tooLarge', sizeBytes });
      else resolve({ status: 'whole', bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) });
    });
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Error('The connection ended before the request did.'));
    });
  });
}
