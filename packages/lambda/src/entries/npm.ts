import { createAgent } from '../boot/createAgent.ts';
import { findAgent, publishAgent } from '../boot/globalAgent.ts';
import type { Agent } from '../boot/globalAgent.ts';
import { startLogs } from '../boot/startLogs.ts';
import { startMetrics } from '../boot/startMetrics.ts';
import type { Handler } from '../features/handler/loadHandler.ts';
import { addAwsMiddleware } from '../features/outgoing/awsSdk.ts';
import type { AwsClient } from '../features/outgoing/awsSdk.ts';
import { claimProcess, isOwnProcess } from '../platform/ownProcess.ts';

/** What can be set in code; environment variables go before it. */
export interface WrapOptions {
  /** Address of the collector; `/v1/traces` is appended. */
  readonly endpoint?: string;
  /** Name of the service; the function's name when not set. */
  readonly serviceName?: string;
  /** Whether HTTP responses get a `Server-Timing` header; they do unless it is false. */
  readonly serverTiming?: boolean;
}

/**
 * Makes every invocation of a handler a span that continues its caller's trace, and exports it once the response has left.
 *
 * With the Clickspan layer on the function this is not needed, and does nothing.
 *
 * @param handler the function's handler: asynchronous, or streaming by `awslambda.streamifyResponse`
 * @param options what the environment does not set
 * @returns a handler of the same type, arity and properties; the handler itself where the layer is there or the agent is off
 */
export function wrap<H extends (...args: never[]) => unknown>(handler: H, options: WrapOptions = {}): H {
  const agent = findAgent() ?? start(options);
  return agent ? (agent.wrap(handler as unknown as Handler) as unknown as H) : handler;
}

/**
 * Resolves when the platform has agreed to wait for exports. In an ES module, `await ready()` after `wrap(…)` at the top
 * level makes sure of it; without it, or in CommonJS, the spans of one invocation may arrive with the next.
 */
export async function ready(): Promise<void> {
  await findAgent()?.ready();
}

/**
 * Handles one message of a batch in a span of its own (`process <queue>`), which belongs to the trace of the message's
 * sender: what the handling calls becomes its child. A message that throws, or that the handler gives back in
 * `batchItemFailures`, is marked as failed. Without an agent, or outside of an invocation, the message is just handled.
 *
 * @param record an item of the event's `Records`, or of a batch of Kafka
 * @param handle what is to be done with it; may be asynchronous
 * @returns what the handling returns; what it throws is thrown
 */
export function traceMessage<R extends object, T>(record: R, handle: (record: R) => T): T {
  const agent = findAgent();
  return agent?.traceMessage ? agent.traceMessage(record, handle) : handle(record);
}

export type { AwsClient };

/**
 * Makes the calls of an AWS SDK client spans that know operation, table and queue, and hands the trace on in the attributes
 * of SQS and SNS messages and in what other services have for it. For bundled clients; others are found without it. Without an
 * agent in the process, nothing happens.
 *
 * @param client any client of the AWS SDK for JavaScript, version 3
 * @returns the same client
 */
export function traceAwsClient<C extends AwsClient>(client: C): C {
  addAwsMiddleware(
    client,
    (next, context, args) => findAgent()?.awsMiddleware(next, context, args) ?? next(args),
  );
  return client;
}

function start(code: WrapOptions): Agent | undefined {
  // Outside of Lambda, as in a unit test of the function, nothing happens; nor where a child or thread loads the code.
  if (!process.env['AWS_LAMBDA_RUNTIME_API'] || !isOwnProcess()) return undefined;
  try {
    claimProcess();
    const agent = createAgent({
      outermost: false,
      code: { ...code },
      loadMetrics: () => startMetrics,
      loadLogs: () => startLogs,
    });
    if (!agent) return undefined;
    publishAgent(agent);
    void agent.ready();
    agent.loading();
    setImmediate(() => agent.loading());
    return agent;
  } catch (error) {
    process.stderr.write(`clickspan: the agent could not start: ${String(error)}\n`);
    return undefined;
  }
}
