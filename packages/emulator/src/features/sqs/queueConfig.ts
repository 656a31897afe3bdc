/** A queue, and the function that its messages trigger. */
export interface QueueConfig {
  readonly name: string;
  /** Name of the function; none means that messages are only received by request. */
  readonly function?: string | undefined;
  /** 1 to 10,000 messages in one event; 10. */
  readonly batchSize?: number | undefined;
  /** How long a batch may be gathered, 0 to 300,000; 0. */
  readonly batchWindowMs?: number | undefined;
  /** How long a received message stays hidden; 30,000. */
  readonly visibilityTimeoutMs?: number | undefined;
  /** After so many receives a failed message goes to the dead-letter queue, or away; unlimited. */
  readonly maxReceiveCount?: number | undefined;
  /** Name of a configured queue. */
  readonly deadLetterQueue?: string | undefined;
  /** Whether the function's `batchItemFailures` are heeded; false. */
  readonly reportBatchItemFailures?: boolean | undefined;
}
