import type { Invocation, InvocationOutcome, InvokeFunction } from '../../platform/invocation.ts';
import type { Clock } from '../../platform/clock.ts';
import { parseJsonOrText } from '../../platform/json.ts';
import type { AsyncInvokeConfig } from './asyncInvokeConfig.ts';
import {
  DEFAULT_MAX_EVENT_AGE_MS,
  DEFAULT_MAX_RETRIES,
  DEFAULT_RETRY_DELAYS_MS,
} from './asyncInvokeConfig.ts';

export interface AsyncInvokerOptions {
  readonly configs: readonly AsyncInvokeConfig[];
  readonly invoke: InvokeFunction;
  readonly toFunctionArn: (functionName: string) => string;
  /** Sends a record to a queue by its name. */
  readonly sendToQueue: (queueName: string, body: string) => void;
  readonly clock: Clock;
}

/** Lambda's queue of asynchronous events. */
export interface AsyncInvoker {
  /** Takes an event in; it is run soon, and again when its function fails. */
  accept(functionName: string, call: Invocation): void;
  /** Forgets what waits. */
  stop(): void;
}

type Condition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded';

interface Accepted {
  readonly functionName: string;
  readonly call: Invocation;
  readonly acceptedUnixMs: number;
  /** Runs that its function took up. */
  runs: number;
  /** Times in a row that there was no room for it. */
  throttles: number;
  reply: InvocationOutcome | undefined;
}

/** An event without room comes again after a second, then after twice as long each time, up to five minutes. */
const FIRST_THROTTLE_DELAY_MS = 1000;
const LONGEST_THROTTLE_DELAY_MS = 300_000;

/**
 * Makes the queue, by the Lambda developer guide, "Configuring error handling settings for Lambda asynchronous
 * invocations": a function that fails gets its event again twice, after one minute and two; an event without room waits
 * for up to six hours. The request id stays the same.
 *
 * @param options how functions are run and what is configured for each
 */
export function createAsyncInvoker(options: AsyncInvokerOptions): AsyncInvoker {
  const configs = new Map(options.configs.map((config) => [config.function, config]));
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;

  function later(delayMs: number, accepted: Accepted): void {
    if (stopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void run(accepted);
    }, delayMs);
    timers.add(timer.unref());
  }

  async function run(accepted: Accepted): Promise<void> {
    const { functionName, call } = accepted;
    const { maxRetries = DEFAULT_MAX_RETRIES, retryDelaysMs = DEFAULT_RETRY_DELAYS_MS } = configs.get(
      functionName,
    ) ?? { function: functionName };
    if (isTooOld(accepted)) return end(accepted, 'EventAgeExceeded');
    const reply = await options
      .invoke(functionName, call)
      .catch((): InvocationOutcome => ({ status: 'throttled', reason: 'ServiceException' }));
    accepted.reply = reply;
    if (reply.status === 'throttled') return later(toThrottleDelay(accepted.throttles++), accepted);
    accepted.throttles = 0;
    accepted.runs++;
    if (reply.status === 'ok') return end(accepted, 'Success');
    if (accepted.runs > maxRetries) return end(accepted, 'RetriesExhausted');
    later(retryDelaysMs[accepted.runs - 1] ?? retryDelaysMs.at(-1) ?? 0, accepted);
  }

  function isTooOld({ functionName, acceptedUnixMs }: Accepted): boolean {
    const maxEventAgeMs = configs.get(functionName)?.maxEventAgeMs ?? DEFAULT_MAX_EVENT_AGE_MS;
    return options.clock() - acceptedUnixMs > maxEventAgeMs;
  }

  function end(accepted: Accepted, condition: Condition): void {
    const config = configs.get(accepted.functionName);
    const queueName = condition === 'Success' ? config?.onSuccess : config?.onFailure;
    if (queueName === undefined || stopped) return;
    const record = toRecord(
      accepted,
      condition,
      options.toFunctionArn(accepted.functionName),
      options.clock(),
    );
    options.sendToQueue(queueName, JSON.stringify(record));
  }

  return {
    accept: (functionName, call) => {
      const acceptedUnixMs = options.clock();
      void run({ functionName, call, acceptedUnixMs, runs: 0, throttles: 0, reply: undefined });
    },
    stop: () => {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function toThrottleDelay(throttles: number): number {
  return Math.min(FIRST_THROTTLE_DELAY_MS * 2 ** throttles, LONGEST_THROTTLE_DELAY_MS);
}

/** The record of an invocation that a destination gets. */
function toRecord(
  { call, runs, reply }: Accepted,
  condition: Condition,
  functionArn: string,
  nowUnixMs: number,
): Record<string, unknown> {
  const { requestId, payload } = call;
  const answered = reply === undefined || reply.status === 'throttled' ? undefined : reply;
  return {
    version: '1.0',
    timestamp: new Date(nowUnixMs).toISOString(),
    requestContext: {
      requestId,
      functionArn: `${functionArn}:$LATEST`,
      condition,
      approximateInvokeCount: runs,
    },
    requestPayload: parseJsonOrText(payload),
    ...(answered === undefined
      ? {}
      : {
          responseContext: {
            statusCode: 200,
            executedVersion: '$LATEST',
            ...(answered.status === 'error' ? { functionError: 'Unhandled' } : {}),
          },
          responsePayload: parseJsonOrText(answered.payload),
        }),
  };
}
