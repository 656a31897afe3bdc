import type { EncodedRecord } from '@clickspan/shared/otlp';

/** What kind of record it is; each kind goes to its own address of the collector. */
export type Signal = 'traces' | 'logs';

/** A record on its way out. */
export interface QueuedRecord extends EncodedRecord {
  readonly signal: Signal;
}

/** Records that wait to be sent, bounded in bytes. */
export interface RecordQueue {
  readonly bytes: () => number;
  readonly isEmpty: () => boolean;
  /** How many records were dropped so far. */
  readonly dropped: () => number;
  add(record: QueuedRecord): void;
  /** Takes the oldest records of one signal, together at most `maxBytes`. */
  take(maxBytes: number): Batch;
  /** Puts a batch back in front of what has come since. */
  putBack(batch: Batch): void;
  drop(batch: Batch): void;
  /** Forgets everything; nothing of it counts as dropped. */
  readonly clear: () => void;
}

/** Records of one signal that go out together. */
export interface Batch {
  readonly signal: Signal;
  readonly records: readonly QueuedRecord[];
  readonly bytes: number;
}

/**
 * Makes an empty queue.
 *
 * @param maxBytes what it may hold; beyond it the oldest records are dropped and counted
 */
export function createRecordQueue(maxBytes: number): RecordQueue {
  let records: QueuedRecord[] = [];
  let bytes = 0;
  let dropped = 0;
  const trim = (): void => {
    while (bytes > maxBytes && records.length) {
      bytes -= toBytes(records.shift()!);
      dropped++;
    }
  };
  return {
    bytes: () => bytes,
    isEmpty: () => !records.length,
    dropped: () => dropped,
    add(record) {
      records.push(record);
      bytes += toBytes(record);
      trim();
    },
    take(limit) {
      const signal = records[0]?.signal ?? 'traces';
      const taken: QueuedRecord[] = [];
      const left: QueuedRecord[] = [];
      let takenBytes = 0;
      let isFull = false;
      for (const record of records) {
        const size = toBytes(record);
        // One record alone always fits: it is bounded by whoever made it.
        if (record.signal === signal && !isFull && taken.length && takenBytes + size > limit) isFull = true;
        if (record.signal === signal && !isFull) {
          taken.push(record);
          takenBytes += size;
        } else left.push(record);
      }
      records = left;
      bytes -= takenBytes;
      return { signal, records: taken, bytes: takenBytes };
    },
    putBack(batch) {
      records = [...batch.records, ...records];
      bytes += batch.bytes;
      trim();
    },
    drop(batch) {
      dropped += batch.records.length;
    },
    clear() {
      records = [];
      bytes = 0;
    },
  };
}

/** Upper bound of the bytes that a text has in UTF-8. */
function toBytes({ json }: EncodedRecord): number {
  // oxlint-disable-next-line no-control-regex -- all of ASCII is meant
  return /^[\0-\x7f]*$/.test(json) ? json.length : json.length * 3;
}
