import type { EncodedRecord } from '@clickspan/shared/otlp';

/** What kind of record it is; each kind goes to its own address of the collector. */
export type Signal = 'traces' | 'logs';

/** A record on its way out. */
export interface QueuedRecord extends EncodedRecord {
  readonly signal: Signal;
}

/** Records that wait to be sent, bounded in bytes. */
export interface RecordQueue {
  /** What the records of one signal sizeOf, or of all. */
  readonly sizeOf: (signal?: Signal) => number;
  /** How many records of a signal were dropped so far. */
  readonly dropped: (signal: Signal) => number;
  add(record: QueuedRecord): void;
  /** Looks at the oldest records of one signal, together at most `maxBytes`, or one alone. */
  peek(signal: Signal, maxBytes: number): Batch;
  /** Takes the records of a batch out, and says which were there. */
  remove(batch: Batch): Batch;
  /** Puts a batch back in front of what has come since. */
  readonly putBack: (batch: Batch) => void;
  readonly drop: (batch: readonly QueuedRecord[]) => void;
  /** Forgets everything; nothing of it counts as dropped. */
  readonly clear: () => void;
}

/** Records of one signal that go out together. */
export type Batch = readonly SizedRecord[];

/** A record that has been measured. */
export interface SizedRecord extends QueuedRecord {
  /** Counted once, when it comes. */
  readonly sizeBytes: number;
}

/**
 * Makes an empty queue.
 *
 * @param maxBytes what it may hold; beyond it the oldest records are dropped and counted
 */
export function createRecordQueue(maxBytes: number): RecordQueue {
  let records: Batch = [];
  let sizes = { traces: 0, logs: 0 };
  const dropped = { traces: 0, logs: 0 };
  const sizeOf = (signal?: Signal): number => (signal ? sizes[signal] : sizes.traces + sizes.logs);
  const drop = (batch: readonly QueuedRecord[]): void => batch.forEach(({ signal }) => dropped[signal]++);
  const put = (more: Batch, list: Batch): void => {
    for (const { signal, sizeBytes } of more) sizes[signal] += sizeBytes;
    records = list;
    let over = 0;
    for (; sizeOf() > maxBytes; over++) sizes[records[over]!.signal] -= records[over]!.sizeBytes;
    if (!over) return;
    drop(records.slice(0, over));
    records = records.slice(over);
  };
  return {
    sizeOf,
    dropped: (signal) => dropped[signal],
    add(record) {
      const sized = { ...record, sizeBytes: countBytes(record.json) };
      (records as SizedRecord[]).push(sized);
      put([sized], records);
    },
    peek(signal, limit) {
      let room = limit;
      let count = 0;
      return records.filter(
        (record) => record.signal === signal && ((room -= record.sizeBytes) >= 0 || !count) && ++count,
      );
    },
    remove(batch) {
      const gone = new Set(batch);
      const removed = records.filter((record) => gone.has(record));
      records = records.filter((record) => !gone.has(record));
      for (const { signal, sizeBytes } of removed) sizes[signal] -= sizeBytes;
      return removed;
    },
    putBack: (batch) => put(batch, [...batch, ...records]),
    drop,
    clear() {
      records = [];
      sizes = { traces: 0, logs: 0 };
    },
  };
}

/** Upper bound of the bytes that a text has in UTF-8. */
export function countBytes(text: string): number {
  // oxlint-disable-next-line no-control-regex -- all of ASCII is meant
  return /^[\0-\x7f]*$/.test(text) ? text.length : text.length * 3;
}
