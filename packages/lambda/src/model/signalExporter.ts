import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { SignalName } from './signal.ts';

/** What no collector has confirmed, by signal. */
export type Unsent = Readonly<Partial<Record<SignalName, readonly EncodedRecord[]>>>;

/** When a flush takes place. */
export interface FlushMoment {
  /** Until the function's deadline, ms; not a number where that is unknown. */
  readonly remainingMs: number;
  /** Whether the platform waits for us before it freezes the environment. */
  readonly holds: boolean;
  /** Whether answers may be left to the next invocation, which is expected soon. */
  readonly overlaps: boolean;
}

/** The part of one signal's exporter that all of them have. */
export interface SignalExporter {
  readonly name: SignalName;
  restore(records: readonly EncodedRecord[]): void;
  unsent(): readonly EncodedRecord[];
  flush(moment: FlushMoment): Promise<void>;
}
