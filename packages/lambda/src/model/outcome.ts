import type { Attributes } from '@opentelemetry/api';

/** How an invocation has ended, whether its trace is recorded or not. Times are Unix ms. */
export interface Outcome {
  /** What was known of it when it began. */
  readonly attributes: Attributes;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  /** `undefined` where it has succeeded. */
  readonly errorType: string | undefined;
  readonly timedOut: boolean;
}
