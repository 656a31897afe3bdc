import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { SignalName } from './signal.ts';

/** What no collector has confirmed, by signal. */
export type Unsent = Readonly<Partial<Record<SignalName, readonly EncodedRecord[]>>>;

/** The part of one signal's exporter that all of them have. */
export interface SignalExporter {
  readonly name: SignalName;
  restore(records: readonly EncodedRecord[]): void;
  unsent(): readonly EncodedRecord[];
  flush(remainingMs: number, holds: boolean): Promise<void>;
}
