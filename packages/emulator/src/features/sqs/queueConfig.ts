/** A queue, and the function that its messages trigger. */
export interface QueueConfig {
  /** A name that ends in `.fifo` makes a FIFO queue. */
  readonly name: string;
  /** Whether a FIFO queue knows a message without a deduplication id by its body; false. */
  readonly contentBasedDeduplication?: boolean | undefined;
  /** Name of the function; none means that messages are only received by request. */
  readonly function?: string | undefined;
  /** 1 to 10,000 messages in one event; 10. More than 10 need a `batchWindowMs` of 1,000 and more, as on AWS. */
  readonly batchSize?: number | undefined;
  /** How long a batch may be gathered, 0 to 300,000; 0. */
  readonly batchWindowMs?: number | undefined;
  /** How many batches the function may be busy with at once, 2 to 1,000; 5, with which AWS starts. */
  readonly maxConcurrency?: number | undefined;
  /** How long a received message stays hidden; 30,000. */
  readonly visibilityTimeoutMs?: number | undefined;
  /** After so many receives a failed message goes to the dead-letter queue, or away; unlimited. */
  readonly maxReceiveCount?: number | undefined;
  /** Name of a configured queue. */
  readonly deadLetterQueue?: string | undefined;
  /** Which messages the function gets, such as `{ body: { kind: ['order'] } }`; others are removed. At most five; all. */
  readonly filterPatterns?: readonly Readonly<Record<string, unknown>>[] | undefined;
  /** Whether the function's `batchItemFailures` are heeded; false. */
  readonly reportBatchItemFailures?: boolean | undefined;
}
