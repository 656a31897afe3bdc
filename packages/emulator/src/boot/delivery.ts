import { randomUUID } from 'node:crypto';
import type { AsyncInvoker } from '../features/asyncInvoke/asyncInvoke.ts';
import type { OutgoingMessage } from '../features/sqs/message.ts';
import { EmulatorError } from '../emulatorError.ts';
import { refuseOption } from '../platform/optionFaults.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import type { Wiring } from './wiring.ts';

/** The ways out of a service: to functions, asynchronously, to queues and to topics. */
export interface Delivery {
  runLater(functionName: string, event: unknown, traceHeader: string | undefined): void;
  send(queueName: string, message: Pick<OutgoingMessage, 'body'> & Partial<OutgoingMessage>): void;
  publish(
    topicName: string,
    message: string,
    subject: string | undefined,
    traceHeader: string | undefined,
  ): void;
}

/** Whom a service hands its events to: one of the three. */
export interface Target {
  readonly function?: string | undefined;
  readonly queue?: string | undefined;
  readonly topic?: string | undefined;
}

/**
 * Makes the ways out.
 *
 * @param wiring the rest of the emulator
 * @param invoker Lambda's queue of asynchronous events
 */
export function createDelivery(wiring: Wiring, invoker: AsyncInvoker): Omit<Delivery, 'publish'> {
  return {
    runLater: (functionName, event, traceHeader) =>
      invoker.accept(functionName, {
        payload: Buffer.from(JSON.stringify(event)),
        requestId: randomUUID(),
        traceId: wiring.toTraceId(traceHeader),
      }),
    send: (queueName, message) =>
      void wiring.sendToQueue(queueName, {
        attributes: {},
        traceHeader: undefined,
        delayMs: 0,
        ...message,
      }),
  };
}

/** Throws an EmulatorError when a target does not exist. */
export function refuseUnknownTarget(options: EmulatorOptions, wiring: Wiring, target: Target): void {
  if (target.function !== undefined) wiring.refuseUnknown(target.function);
  refuseUnknownQueue(options, target.queue);
  const { topics = [] } = options;
  if (target.topic !== undefined && !topics.some(({ name }) => name === target.topic))
    throw new EmulatorError('CLICKSPAN_EMULATOR_OPTION', `there is no topic ${target.topic}`);
}

/** Throws an EmulatorError when a queue is named that does not exist. */
export function refuseUnknownQueue({ queues = [] }: EmulatorOptions, queueName: string | undefined): void {
  if (queueName === undefined || queues.some(({ name }) => name === queueName)) return;
  throw new EmulatorError('CLICKSPAN_EMULATOR_OPTION', `there is no queue ${queueName}`);
}

/**
 * Throws an EmulatorError when a target is a FIFO queue or topic, which the service cannot deliver to.
 *
 * @param what names who is configured so
 * @param target its queue and topic
 */
export function refuseFifoTarget(what: string, { queue, topic }: Target): void {
  const fifo = [queue, topic].find((name) => name?.endsWith('.fifo'));
  if (fifo !== undefined) refuseOption(what, `${fifo} is FIFO, and cannot be delivered to`);
}
