import { randomUUID } from 'node:crypto';
import type { Account, Places } from '../features/environment/functionConfig.ts';
import { startEventSource } from '../features/sqs/eventSource.ts';
import { createQueue } from '../features/sqs/queue.ts';
import type { Queue } from '../features/sqs/queue.ts';
import { isFifo, refuseQueueFaults } from '../features/sqs/queueConfig.ts';
import type { QueueConfig } from '../features/sqs/queueConfig.ts';
import type { ServedQueue } from '../features/sqs/sqsApi.ts';
import { startSqsServer } from '../features/sqs/sqsServer.ts';
import { refuseTwice } from '../platform/optionFaults.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import type { Wiring } from './wiring.ts';

/** SQS's stand-in, and the way into its queues from within the platform. */
export interface RunningQueues {
  readonly places: Pick<Places, 'sqsEndpoint' | 'queueUrls'>;
  readonly send: Wiring['sendToQueue'];
}

const DEFAULT_VISIBILITY_TIMEOUT_MS = 30_000;
const DEFAULT_BATCH_SIZE = 10;
/** AWS starts with five pollers. */
const DEFAULT_CONCURRENCY = 5;

/**
 * Starts the stand-in for SQS with its queues, and what hands their messages to functions.
 *
 * @param options what is configured
 * @param wiring the rest of the emulator
 * @returns what runs; throws an EmulatorError that names a queue which contradicts itself
 */
export async function startQueues(
  { queues = [], sqsPort = 0 }: EmulatorOptions,
  wiring: Omit<Wiring, 'sendToQueue'>,
): Promise<RunningQueues> {
  if (queues.length === 0) return { places: { sqsEndpoint: undefined, queueUrls: {} }, send: () => false };
  const { account } = wiring;
  const served = new Map<string, ServedQueue>();
  refuseTwice('queue', queues);
  for (const config of queues) {
    if (config.function !== undefined) wiring.refuseUnknown(config.function);
    refuseQueueFaults(config, queues);
  }
  const server = await startSqsServer(sqsPort, served);
  const sources = queues.map((config) => {
    const { name, visibilityTimeoutMs = DEFAULT_VISIBILITY_TIMEOUT_MS } = config;
    const { contentBasedDeduplication = false } = config;
    const fifo = isFifo(name) ? { contentBasedDeduplication } : undefined;
    const dead = (): Queue | undefined => served.get(config.deadLetterQueue ?? '')?.queue;
    const queue = createQueue({
      fifo: fifo !== undefined,
      visibilityTimeoutMs,
      maxReceiveCount: config.maxReceiveCount,
      clock: wiring.clock,
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
      createdUnixMs: wiring.clock(),
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
      clock: wiring.clock,
      invoke: (event) =>
        wiring.invoke(functionName, {
          requestId: randomUUID(),
          traceId: wiring.toTraceId(undefined),
          payload: Buffer.from(JSON.stringify(event)),
        }),
    });
  });
  wiring.keep(async () => {
    for (const source of sources) source?.stop();
    for (const { queue } of served.values()) queue.stop();
    await server.stop();
  });
  return {
    places: {
      sqsEndpoint: server.endpoint,
      queueUrls: Object.fromEntries([...served.values()].map(({ name, url }) => [name, url])),
    },
    send: (name, message) => {
      const queue = served.get(name)?.queue;
      queue?.send(message);
      return queue !== undefined;
    },
  };
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
