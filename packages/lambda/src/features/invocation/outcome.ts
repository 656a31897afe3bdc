import type { Attributes } from '@opentelemetry/api';
import type { Death, Unfinished } from './unfinished.ts';

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

/** How an invocation has ended whose process has died. */
export function toDeadOutcome({ attributes, startUnixMs }: Unfinished, death: Death): Outcome {
  const { errorType, endUnixMs, reason } = death;
  return { attributes, startUnixMs, endUnixMs, errorType, timedOut: reason === 'timeout' };
}
