import { toBareObject } from './bareObject.ts';
import type { Guard } from './guard.ts';

/** Gives the head to write in place of the one that the function has given for a stream. */
export type ChangeHead = (head: unknown) => unknown;

/** What the runtime client puts into the global scope for streaming handlers. */
interface ResponseStreams {
  from: (stream: unknown, head: unknown, ...more: unknown[]) => unknown;
}

/** The streams whose head is to be changed. */
export interface StreamHeads {
  /** Has the head of a stream pass through a function, once. */
  watch(stream: unknown, change: ChangeHead): void;
}

/**
 * Sees the heads of streamed HTTP responses: status and headers, which the function gives to `HttpResponseStream.from`,
 * and which the runtime client writes before the first byte. Streams that are not watched pass untouched.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
 */
export function observeStreamHeads(guard: Guard): StreamHeads {
  const watched = new WeakMap<object, ChangeHead>();
  const { awslambda } = globalThis as { awslambda?: { HttpResponseStream?: ResponseStreams } };
  const streams = awslambda?.HttpResponseStream;
  if (typeof streams?.from === 'function') {
    // A proxy, since the function may look at what it calls.
    const traps: ProxyHandler<ResponseStreams['from']> = {
      apply(target, self: unknown, args: [unknown, unknown, ...unknown[]]) {
        const [stream, head, ...more] = args;
        const change = guard(() => watched.get(stream as object));
        if (!change || args.length < 2) return Reflect.apply(target, self, args);
        watched.delete(stream as object);
        return Reflect.apply(target, self, [stream, guard(() => change(head)) ?? head, ...more]);
      },
    };
    streams.from = new Proxy(streams.from, toBareObject(traps));
  }
  return {
    watch(stream, change) {
      if (typeof stream === 'object' && stream !== null) watched.set(stream, change);
    },
  };
}
