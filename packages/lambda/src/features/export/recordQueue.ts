import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { Signal } from '../../model/signal.ts';

/** Records of one signal that wait to be sent, bounded in bytes; the oldest go first when there are too many. */
export interface RecordQueue<T> {
  /** Takes something in; it is encoded later, outside of the caller's wait. */
  readonly add: (item: T) => void;
  /** How many records wait; where there are none, what has been summed up is taken in before. */
  size(): number;
  /** How many records wait already. */
  waiting(): number;
  /** Takes out the oldest records, up to one request's worth. */
  take(): EncodedRecord[];
  /** Puts back what could not be sent. */
  readonly putBack: (records: readonly EncodedRecord[]) => void;
  /** The records that wait, oldest first; they stay in the queue. */
  list(): readonly EncodedRecord[];
  /** How many records were lost so far. */
  dropped(): number;
  /** Counts records as lost that the collector refused. */
  readonly countDropped: (records: number) => void;
}

/** One request stays well under the collectors' limits. */
const MAX_REQUEST_BYTES = 1_048_576;
/** So many wait for encoding; above this all are encoded at once, so that bytes can be counted. */
const MAX_UNENCODED = 512;

/**
 * Makes a queue.
 *
 * @param signal whose records they are; what it cannot write is dropped
 * @param maxBytes how many bytes of encoded records may wait
 */
export function createRecordQueue<T>(signal: Signal<T>, maxBytes: number): RecordQueue<T> {
  const { encode, collect, maxUnencoded = MAX_UNENCODED } = signal;
  let fresh: T[] = [];
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
    const items = fresh;
    fresh = [];
    for (const item of items) {
      try {
        const encoded = encode(item);
        if (!encoded) continue;
        waiting.push(encoded);
        bytes += encoded.json.length;
      } catch {
        // Made by the function's own code with what no record can hold; the others must not suffer from it.
        dropped++;
      }
    }
    trim();
  };

  const count = (): number => fresh.length + waiting.length;

  return {
    add(item) {
      fresh.push(item);
      if (fresh.length >= maxUnencoded) encodeFresh();
    },
    size() {
      if (collect && count() === 0) fresh.push(...collect());
      return count();
    },
    waiting: count,
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
    putBack(records) {
      waiting = [...records, ...waiting];
      for (const { json } of records) bytes += json.length;
      trim();
    },
    list() {
      if (collect) fresh.push(...collect());
      encodeFresh();
      return waiting;
    },
    dropped: () => dropped,
    countDropped(records) {
      dropped += records;
    },
  };
}
