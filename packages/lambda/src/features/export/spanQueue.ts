import { encodeSpan } from '@clickspan/shared/otlp';
import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { EndedSpan } from '@clickspan/shared/tracer';

/** Spans that wait to be sent, bounded in bytes; the oldest go first when there are too many. */
export interface SpanQueue {
  /** Takes a span in; it is encoded later, outside of the caller's wait. */
  add(span: EndedSpan): void;
  /** How many spans wait. */
  size(): number;
  /** Takes out the oldest spans, up to one request's worth. */
  take(): EncodedRecord[];
  /** Puts back what could not be sent. */
  putBack(spans: readonly EncodedRecord[]): void;
  /** The spans that wait, oldest first; they stay in the queue. */
  list(): readonly EncodedRecord[];
  /** How many spans were lost so far. */
  dropped(): number;
  /** Counts spans as lost that the collector refused. */
  countDropped(spans: number): void;
}

/** One request stays well under the collectors' limits. */
const MAX_REQUEST_BYTES = 1_048_576;
/** Spans of one invocation that wait for encoding; above this they are encoded at once, so that bytes can be counted. */
const MAX_UNENCODED = 512;

/**
 * Makes a queue.
 *
 * @param maxBytes how many bytes of encoded spans may wait
 */
export function createSpanQueue(maxBytes: number): SpanQueue {
  let fresh: EndedSpan[] = [];
  let waiting: EncodedRecord[] = [];
  let bytes = 0;
  let dropped = 0;

  const trim = (): void => {
    let from = 0;
    while (bytes > maxBytes && from < waiting.length) bytes -= waiting[from++]!.json.length;
    if (from === 0) return;
    waiting = waiting.slice(from);
    dropped += from;
  };
  const encodeFresh = (): void => {
    const spans = fresh;
    fresh = [];
    for (const span of spans) {
      try {
        const encoded = encodeSpan(span);
        waiting.push(encoded);
        bytes += encoded.json.length;
      } catch {
        // Made by the function's own code with what no span can hold; the others must not suffer from it.
        dropped++;
      }
    }
    trim();
  };

  return {
    add(span) {
      fresh.push(span);
      if (fresh.length >= MAX_UNENCODED) encodeFresh();
    },
    size: () => fresh.length + waiting.length,
    take() {
      encodeFresh();
      let count = 0;
      let size = 0;
      while (
        count < waiting.length &&
        (count === 0 || size + waiting[count]!.json.length <= MAX_REQUEST_BYTES)
      )
        size += waiting[count++]!.json.length;
      bytes -= size;
      return waiting.splice(0, count);
    },
    putBack(spans) {
      waiting = [...spans, ...waiting];
      for (const { json } of spans) bytes += json.length;
      trim();
    },
    list() {
      encodeFresh();
      return waiting;
    },
    dropped: () => dropped,
    countDropped(spans) {
      dropped += spans;
    },
  };
}
