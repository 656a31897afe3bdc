import type { EncodedRecord } from '@clickspan/shared/otlp';

/** What kind of record it is; each kind goes to its own address of the collector. */
export type Signal = 'traces' | 'logs';

/** A record on its way out. */
export interface QueuedRecord extends EncodedRecord {
  readonly signal: Signal;
}

/** Records that wait to be sent, bounded in bytes. */
export interface RecordQueue {
  /** What the waiting records have together. */
  readonly sizeBytes: () => number;
  /** How many records of a signal were dropped so far. */
  readonly dropped: Readonly<Record<Signal, number>>;
  readonly add: (record: QueuedRecord) => void;
  /** Looks at the oldest records of one signal, together at most `maxBytes`, or one alone. */
  peek(signal: Signal, maxBytes: number): Batch;
  /** Whether all of a batch still wait. */
  readonly has: (batch: Batch) => boolean;
  readonly remove: (batch: Batch) => void;
  /** Puts a batch back in front of what has come since. */
  readonly putBack: (batch: Batch) => void;
  /** Counts what is lost; where it waits, it no longer does. */
  readonly drop: (batch: readonly QueuedRecord[]) => void;
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
  let records: SizedRecord[] = [];
  const dropped = { traces: 0, logs: 0 };
  const sizeBytes = (): number => records.reduce((sum, record) => sum + record.sizeBytes, 0);
  const remove = (batch: readonly QueuedRecord[]): void => {
    const gone = new Set<QueuedRecord>(batch);
    records = records.filter((record) => !gone.has(record));
  };
  const drop = (batch: readonly QueuedRecord[]): void => {
    for (const { signal } of batch) dropped[signal]++;
    remove(batch);
  };
  const put = (batch: Batch, place: number): void => {
    records.splice(place, 0, ...batch);
    // One that never fits must not push out all others.
    for (const record of batch) if (record.sizeBytes > maxBytes) drop([record]);
    while (sizeBytes() > maxBytes) drop([records[0]!]);
  };
  return {
    sizeBytes,
    dropped,
    add: (record) => put([{ ...record, sizeBytes: countBytes(record.json) }], records.length),
    peek(signal, room) {
      let count = 0;
      return records.filter(
        (record) => record.signal === signal && ((room -= record.sizeBytes) >= 0 || !count) && ++count,
      );
    },
    has: (batch) => batch.every((record) => records.includes(record)),
    remove,
    putBack: (batch) => put(batch, 0),
    drop,
  };
}

/** Upper bound of the bytes that a text has in UTF-8. */
export function countBytes(text: string): number {
  // oxlint-disable-next-line no-control-regex -- all of ASCII is meant
  return text.length * (/[^\0-\x7f]/.test(text) ? 3 : 1);
}
