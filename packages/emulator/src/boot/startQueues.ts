import type { QueueConfig } from '../features/sqs/queueConfig.ts';
import type { Account } from '../features/environment/functionConfig.ts';
import type { BatchOutcome } from '../features/sqs/eventSource.ts';
import { startEventSource } from '../features/sqs/eventSource.ts';
import type { OutgoingMessage } from '../features/sqs/message.ts';
import type { Queue } from '../features/sqs/queue.ts';
import { createQueue } from '../features/sqs/queue.ts';
import type { ServedQueue } from '../features/sqs/sqsApi.ts';
import { startSqsServer } from '../features/sqs/sqsServer.ts';
import { nowUnixMs } from '../platform/clock.ts';
import { refuseFilterFaults } from '../filterPatterns.ts';
import { EmulatorError } from '../emulatorError.ts';

export interface QueuesOptions {
  readonly queues: readonly QueueConfig[];
  readonly port: number;
  readonly account: Account;
  /** Runs a function with an event. */
  readonly invoke: (functionName: string, event: unknown) => Promise<BatchOutcome>;
}

export interface RunningQueues {
  readonly endpoint: string;
  readonly urls: Readonly<Record<string, string>>;
  /** Sends a message from within the platform; false when there is no such queue. */
  send(queueName: string, message: OutgoingMessage): boolean;
  stop(): Promise<void>;
}

const DEFAULT_VISIBILITY_TIMEOUT_MS = 30_000;
const DEFAULT_BATCH_SIZE = 10;
/** AWS starts with five pollers. */
const DEFAULT_CONCURRENCY = 5;
/** "When you set BatchSize to a value greater than 10, you must set MaximumBatchingWindowInSeconds to at least 1." */
const BATCH_WITHOUT_WINDOW = 10;
const LEAST_WINDOW_MS = 1000;

/**
 * Starts the stand-in for SQS with its queues, and what hands their messages to functions.
 *
 * @param options queues and the way to a function
 * @returns what runs; throws an EmulatorError that names a queue which contradicts itself
 */
export async function startQueues(options: QueuesOptions): Promise<RunningQueues> {
  const { account } = options;
  const served = new Map<string, ServedQueue>();
  for (const config of options.queues) refuseFaults(config, options.queues);
  const server = await startSqsServer(options.port, served);
  const sources = options.queues.map((config) => {
    const { name, visibilityTimeoutMs = DEFAULT_VISIBILITY_TIMEOUT_MS } = config;
    const { contentBasedDeduplication = false } = config;
    const fifo = isFifo(name) ? { contentBasedDeduplication } : undefined;
    const dead = (): Queue | undefined => served.get(config.deadLetterQueue ?? '')?.queue;
    const queue = createQueue({
      fifo: fifo !== undefined,
      visibilityTimeoutMs,
      maxReceiveCount: config.maxReceiveCount,
      clock: nowUnixMs,
      onDead: ({ body, attributes, traceHeader, groupId, deduplicationId }) =>
        dead()?.send({ body, attributes, traceHeader, delayMs: 0, groupId, deduplicationId }),
    });
    const arn = toArn(account, name);
    const url = `${server.endpoint}/${account.accountId}/${name}`;
    const redrivePolicy = toRedrivePolicy(config, account);
    served.set(name, {
      name,
      url,
      arn,
      queue,
      visibilityTimeoutMs,
      fifo,
      createdUnixMs: nowUnixMs(),
      redrivePolicy,
    });
    const { function: functionName } = config;
    if (functionName === undefined) return undefined;
    return startEventSource({
      queue,
      queueArn: arn,
      region: account.region,
      batchSize: config.batchSize ?? DEFAULT_BATCH_SIZE,
      batchWindowMs: config.batchWindowMs ?? 0,
      visibilityTimeoutMs,
      filterPatterns: config.filterPatterns ?? [],
      maxConcurrency: config.maxConcurrency ?? DEFAULT_CONCURRENCY,
      reportBatchItemFailures: config.reportBatchItemFailures ?? false,
      clock: nowUnixMs,
      invoke: (event) => options.invoke(functionName, event),
    });
  });
  return {
    endpoint: server.endpoint,
    urls: Object.fromEntries([...served.values()].map(({ name, url }) => [name, url])),
    send: (name, message) => {
      const queue = served.get(name)?.queue;
      queue?.send(message);
      return queue !== undefined;
    },
    stop: async () => {
      for (const source of sources) source?.stop();
      for (const { queue } of served.values()) queue.stop();
      await server.stop();
    },
  };
}

function isFifo(name: string): boolean {
  return name.endsWith('.fifo');
}

function toArn({ region, accountId }: Account, name: string): string {
  return `arn:aws:sqs:${region}:${accountId}:${name}`;
}

function toRedrivePolicy(
  { deadLetterQueue, maxReceiveCount }: QueueConfig,
  account: Account,
): string | undefined {
  if (deadLetterQueue === undefined || maxReceiveCount === undefined) return undefined;
  return JSON.stringify({ deadLetterTargetArn: toArn(account, deadLetterQueue), maxReceiveCount });
}

function refuseFaults(config: QueueConfig, all: readonly QueueConfig[]): void {
  const { name, deadLetterQueue } = config;
  if (!/^[\w-]{1,80}$/.test(name.replace(/\.fifo$/, '_fifo')))
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_OPTION',
      `queue name "${name}": at most 80 letters, digits, - and _, and perhaps .fifo at the end`,
    );
  if (all.filter((other) => other.name === name).length > 1)
    throw new EmulatorError('CLICKSPAN_EMULATOR_OPTION', `queue ${name} is configured twice`);
  if (deadLetterQueue !== undefined && !all.some((other) => other.name === deadLetterQueue)) {
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_OPTION',
      `queue ${name}: there is no queue ${deadLetterQueue} for its dead letters`,
    );
  }
  if (deadLetterQueue !== undefined && isFifo(deadLetterQueue) !== isFifo(name))
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_OPTION',
      `queue ${name}: the dead-letter queue of a FIFO queue must be one, and of a standard queue none`,
    );
  // "For FIFO queues, the maximum is 10", and they know no batching window.
  const [mostMessages, longestWindowMs] = isFifo(name) ? [10, 0] : [10_000, 300_000];
  inRange(name, 'batchSize', config.batchSize, 1, mostMessages);
  refuseFilterFaults(`queue ${name}`, config.filterPatterns);
  inRange(name, 'maxConcurrency', config.maxConcurrency, 2, 1000);
  inRange(name, 'batchWindowMs', config.batchWindowMs, 0, longestWindowMs);
  if ((config.batchSize ?? 0) > BATCH_WITHOUT_WINDOW && (config.batchWindowMs ?? 0) < LEAST_WINDOW_MS)
    throw new EmulatorError(
      'CLICKSPAN_EMULATOR_OPTION',
      `queue ${name}: batchSize is ${config.batchSize}, which needs a batchWindowMs of at least ${LEAST_WINDOW_MS}`,
    );
  inRange(name, 'visibilityTimeoutMs', config.visibilityTimeoutMs, 0, 43_200_000);
  inRange(name, 'maxReceiveCount', config.maxReceiveCount, 1, 1000);
}

function inRange(name: string, what: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw new EmulatorError(
    'CLICKSPAN_EMULATOR_OPTION',
    `queue ${name}: ${what} is ${value}, must be a whole number from ${least} to ${most}`,
  );
}
