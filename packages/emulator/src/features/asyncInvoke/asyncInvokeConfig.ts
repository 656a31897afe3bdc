import { refuseOutOfRange } from '../../platform/optionFaults.ts';

/** How a function's asynchronous invocations are retried, and where they end. */
export interface AsyncInvokeConfig {
  /** Name of the function. */
  readonly function: string;
  /** How often an event whose function failed is tried again, 0 to 2; 2. */
  readonly maxRetries?: number | undefined;
  /** How old an event may become before it is dropped, 60,000 to 21,600,000; 21,600,000 (six hours). */
  readonly maxEventAgeMs?: number | undefined;
  /** How long to wait before each retry; 60,000 and 120,000, as on AWS. Shorter ones are for tests. */
  readonly retryDelaysMs?: readonly number[] | undefined;
  /** Name of a queue that gets a record of each event that its function took. */
  readonly onSuccess?: string | undefined;
  /** Name of a queue that gets a record of each event that was given up. */
  readonly onFailure?: string | undefined;
}

export const DEFAULT_MAX_RETRIES = 2;
export const DEFAULT_MAX_EVENT_AGE_MS = 21_600_000;
export const DEFAULT_RETRY_DELAYS_MS: readonly number[] = [60_000, 120_000];
const LEAST_EVENT_AGE_MS = 60_000;

/** Throws an EmulatorError when AWS would not take a configuration. */
export function refuseAsyncInvokeFaults(config: AsyncInvokeConfig): void {
  const what = `async invocations of ${config.function}`;
  refuseOutOfRange(what, 'maxRetries', config.maxRetries, 0, DEFAULT_MAX_RETRIES);
  refuseOutOfRange(what, 'maxEventAgeMs', config.maxEventAgeMs, LEAST_EVENT_AGE_MS, DEFAULT_MAX_EVENT_AGE_MS);
}
