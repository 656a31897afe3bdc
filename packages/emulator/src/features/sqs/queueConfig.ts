import {
  refuseFilterFaults,
  refuseMeaningless,
  refuseOption,
  refuseOutOfRange,
} from '../../platform/optionFaults.ts';

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

/** "When you set BatchSize to a value greater than 10, you must set MaximumBatchingWindowInSeconds to at least 1." */
const BATCH_WITHOUT_WINDOW = 10;
const LEAST_WINDOW_MS = 1000;

/** Throws an EmulatorError when AWS would not take a queue, or a queue that it names is not there. */
export function refuseQueueFaults(config: QueueConfig, all: readonly QueueConfig[]): void {
  const { name, deadLetterQueue } = config;
  const what = `queue ${name}`;
  if (!/^[\w-]{1,80}$/.test(name.replace(/\.fifo$/, '_fifo')))
    refuseOption(`queue name "${name}"`, 'at most 80 letters, digits, - and _, and perhaps .fifo at the end');
  if (deadLetterQueue !== undefined && !all.some((other) => other.name === deadLetterQueue))
    refuseOption(what, `there is no queue ${deadLetterQueue} for its dead letters`);
  if (deadLetterQueue !== undefined && isFifo(deadLetterQueue) !== isFifo(name))
    refuseOption(what, 'the dead-letter queue of a FIFO queue must be one, and of a standard queue none');
  const { batchSize, batchWindowMs, maxConcurrency, filterPatterns, reportBatchItemFailures } = config;
  if (config.function === undefined)
    refuseMeaningless(what, 'without a function', {
      batchSize,
      batchWindowMs,
      maxConcurrency,
      filterPatterns,
      reportBatchItemFailures,
    });
  const { contentBasedDeduplication } = config;
  if (!isFifo(name)) refuseMeaningless(what, 'for a standard queue', { contentBasedDeduplication });
  // A redrive policy has both (SQS API reference, "SetQueueAttributes", RedrivePolicy).
  if (config.maxReceiveCount === undefined)
    refuseMeaningless(what, 'without a maxReceiveCount', { deadLetterQueue });
  refuseFilterFaults(what, filterPatterns);
  // "For FIFO queues, the maximum is 10", and they know no batching window.
  const [mostMessages, longestWindowMs] = isFifo(name) ? [10, 0] : [10_000, 300_000];
  refuseOutOfRange(what, 'batchSize', config.batchSize, 1, mostMessages);
  refuseOutOfRange(what, 'batchWindowMs', config.batchWindowMs, 0, longestWindowMs);
  if ((config.batchSize ?? 0) > BATCH_WITHOUT_WINDOW && (config.batchWindowMs ?? 0) < LEAST_WINDOW_MS)
    refuseOption(
      what,
      `batchSize is ${config.batchSize}, which needs a batchWindowMs of at least ${LEAST_WINDOW_MS}`,
    );
  refuseOutOfRange(what, 'maxConcurrency', config.maxConcurrency, 2, 1000);
  refuseOutOfRange(what, 'visibilityTimeoutMs', config.visibilityTimeoutMs, 0, 43_200_000);
  refuseOutOfRange(what, 'maxReceiveCount', config.maxReceiveCount, 1, 1000);
}

/** Tells a FIFO queue by its name. */
export function isFifo(name: string): boolean {
  return name.endsWith('.fifo');
}
