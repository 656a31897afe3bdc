import type { EncodedSpan } from '@clickspan/shared/otlp';

/** Spans that wait to be sent, bounded in bytes. */
export interface SpanQueue {
  readonly bytes: () => number;
  readonly isEmpty: () => boolean;
  /** How many spans were dropped so far. */
  readonly dropped: () => number;
  add(span: EncodedSpan): void;
  /** Takes the oldest spans, together at most `maxBytes`. */
  take(maxBytes: number): Batch;
  /** Puts a batch back in front of what has come since. */
  putBack(batch: Batch): void;
  drop(batch: Batch): void;
}

/** Spans that go out together. */
export interface Batch {
  readonly spans: readonly EncodedSpan[];
  readonly bytes: number;
}

/**
 * Makes an empty queue.
 *
 * @param maxBytes what it may hold; beyond it the oldest spans are dropped and counted
 */
export function createSpanQueue(maxBytes: number): SpanQueue {
  let spans: EncodedSpan[] = [];
  let bytes = 0;
  let dropped = 0;
  const trim = (): void => {
    while (bytes > maxBytes && spans.length) {
      bytes -= toBytes(spans.shift()!);
      dropped++;
    }
  };
  return {
    bytes: () => bytes,
    isEmpty: () => !spans.length,
    dropped: () => dropped,
    add(span) {
      spans.push(span);
      bytes += toBytes(span);
      trim();
    },
    take(limit) {
      let taken = 0;
      let count = 0;
      for (const span of spans) {
        const size = toBytes(span);
        // One span alone always fits: it is bounded by the tracer.
        if (count && taken + size > limit) break;
        taken += size;
        count++;
      }
      const batch = { spans: spans.slice(0, count), bytes: taken };
      spans = spans.slice(count);
      bytes -= taken;
      return batch;
    },
    putBack(batch) {
      spans = [...batch.spans, ...spans];
      bytes += batch.bytes;
      trim();
    },
    drop(batch) {
      dropped += batch.spans.length;
    },
  };
}

/** Upper bound of the bytes that a text has in UTF-8. */
function toBytes({ json }: EncodedSpan): number {
  // oxlint-disable-next-line no-control-regex -- all of ASCII is meant
  return /^[\0-\x7f]*$/.test(json) ? json.length : json.length * 3;
}
