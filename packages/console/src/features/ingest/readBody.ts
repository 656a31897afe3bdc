import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ByteBudget } from './byteBudget.ts';
import type { IngestLimits } from './limits.ts';

/** A request's body, or why there is none. */
export type BodyOutcome =
  | { readonly status: 'read'; readonly bytes: Buffer }
  | { readonly status: 'too-large'; readonly maxBytes: number }
  | { readonly status: 'no-room' }
  | { readonly status: 'bad-encoding' }
  | { readonly status: 'aborted' };

const GUNZIP_CHUNK_BYTES = 64 * 1024;

/**
 * Reads a body, unpacking it as it comes, and stops as soon as a limit is passed: what a packed body would
 * grow to is never held.
 *
 * @param gzip whether the body is packed
 * @param budget shared by all requests; what is taken for this one is given back before this resolves
 */
export function readBody(
  request: IncomingMessage,
  gzip: boolean,
  limits: IngestLimits,
  budget: ByteBudget,
): Promise<BodyOutcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let [bytes, packedBytes] = [0, 0];
    const unpack = gzip ? createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES }) : undefined;
    const source: Readable = unpack ?? request;

    const finish = (outcome: BodyOutcome): void => {
      budget.give(bytes);
      bytes = 0;
      chunks.length = 0;
      source.removeAllListeners('data');
      if (unpack) {
        request.unpipe(unpack);
        unpack.destroy();
      }
      resolve(outcome);
    };
    const settle = once(finish);

    source.on('data', (chunk: Buffer) => {
      if (bytes + chunk.length > limits.maxBodyBytes) {
        settle({ status: 'too-large', maxBytes: limits.maxBodyBytes });
      } else if (!budget.take(chunk.length)) {
        settle({ status: 'no-room' });
      } else {
        bytes += chunk.length;
        chunks.push(chunk);
      }
    });
    source.on('end', () => {
      settle({ status: 'read', bytes: Buffer.concat(chunks, bytes) });
    });
    request.on('error', () => settle({ status: 'aborted' }));
    request.on('close', () => {
      // After a whole body too; then what is left to unpack is still on its way.
      if (!request.complete) settle({ status: 'aborted' });
    });
    if (!unpack) return;
    unpack.on('error', () => settle({ status: 'bad-encoding' }));
    request.on('data', (chunk: Buffer) => {
      packedBytes += chunk.length;
      if (packedBytes > limits.maxCompressedBytes) {
        settle({ status: 'too-large', maxBytes: limits.maxCompressedBytes });
      }
    });
    request.pipe(unpack);
  });
}

function once<T>(call: (value: T) => void): (value: T) => void {
  let called = false;
  return (value) => {
    if (called) return;
    called = true;
    call(value);
  };
}
