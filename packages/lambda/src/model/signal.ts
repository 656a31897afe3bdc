import { encodeResource } from '@clickspan/shared/otlp';
import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { Attributes } from '@opentelemetry/api';

/** A kind of telemetry, by the name that it has in paths and variables of OTLP. */
export type SignalName = 'traces' | 'metrics' | 'logs';

/** All of them. */
export const SIGNALS: readonly SignalName[] = ['traces', 'metrics', 'logs'];

/** How one kind of telemetry is written; `T` is what it is made of. */
export interface Signal<T> {
  readonly name: SignalName;
  /** What its requests hold, for people. */
  readonly records: string;
  /**
   * Writes one record, or nothing where there is none to be told; may throw where somebody has put into it what none can
   * hold.
   */
  readonly encode: (item: T) => EncodedRecord | undefined;
  /** Joins records into one request, with the encoded resource. */
  readonly encodeBatch: (resource: string, records: readonly EncodedRecord[]) => string;
  /** Gives what has been summed up, once nothing else waits any more. */
  readonly collect?: () => readonly T[];
  /** The resource's attribute that tells how many were dropped, where it does. */
  readonly droppedAttribute?: string;
  /** How many may wait for encoding, where that takes longer; what they weigh is bounded by whoever adds them. */
  readonly maxUnencoded?: number;
}

/**
 * Makes what writes the resource, with how many records were dropped where the signal tells that; the text is kept until
 * that changes.
 *
 * @returns gives the resource for a batch
 */
export function createResourceEncoder<T>(
  { droppedAttribute }: Signal<T>,
  resource: Attributes,
): (dropped: number) => string {
  let known: { readonly dropped: number; readonly text: string } | undefined;
  return (dropped) => {
    if (known?.dropped !== dropped) {
      const told = droppedAttribute && dropped > 0 ? { [droppedAttribute]: dropped } : undefined;
      known = { dropped, text: encodeResource({ ...resource, ...told }) };
    }
    return known.text;
  };
}
