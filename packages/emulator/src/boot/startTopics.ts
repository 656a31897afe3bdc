import { randomUUID } from 'node:crypto';
import type { Places } from '../features/environment/functionConfig.ts';
import { toEnvelope, toFilterable, toSnsEvent } from '../features/sns/notification.ts';
import type { Notification } from '../features/sns/notification.ts';
import { createFifoTopic } from '../features/sns/fifoTopic.ts';
import { startSnsServer } from '../features/sns/snsServer.ts';
import type { ServedTopic } from '../features/sns/snsServer.ts';
import { refuseTopicFaults } from '../features/sns/topicConfig.ts';
import type { TopicConfig, TopicSubscription } from '../features/sns/topicConfig.ts';
import { matchesPattern } from '../platform/eventPattern.ts';
import { refuseTwice } from '../platform/optionFaults.ts';
import { refuseUnknownTarget } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import type { EmulatorOptions } from './emulatorOptions.ts';
import type { Wiring } from './wiring.ts';

/** SNS's stand-in, and the way into its topics from within the platform. */
export interface RunningTopics {
  readonly places: Pick<Places, 'snsEndpoint' | 'topicArns'>;
  readonly publish: Delivery['publish'];
}

type Subscribed = TopicSubscription & { readonly arn: string };

/**
 * Starts the stand-in for SNS with its topics.
 *
 * @param options what is configured
 * @param wiring the rest of the emulator
 * @param delivery the ways to functions and queues
 * @returns what runs; throws an EmulatorError that names a topic which contradicts itself
 */
export async function startTopics(
  options: EmulatorOptions,
  wiring: Wiring,
  delivery: Omit<Delivery, 'publish'>,
): Promise<RunningTopics> {
  const { topics = [], snsPort = 0 } = options;
  if (topics.length === 0)
    return { places: { snsEndpoint: undefined, topicArns: {} }, publish: () => undefined };
  const { region, accountId } = wiring.account;
  const subscribed = new Map<string, readonly Subscribed[]>();
  const served: ServedTopic[] = [];
  refuseTwice('topic', topics);
  for (const config of topics) {
    refuseTopicFaults(config);
    for (const subscription of config.subscriptions ?? []) refuseUnknownTarget(options, wiring, subscription);
    const arn = `arn:aws:sns:${region}:${accountId}:${config.name}`;
    const { contentBasedDeduplication = false } = config;
    const isFifo = config.name.endsWith('.fifo');
    const fifo = isFifo ? createFifoTopic(contentBasedDeduplication, wiring.clock) : undefined;
    served.push({ arn, fifo });
    subscribed.set(arn, toSubscribed(config, arn));
  }
  const onPublish = (notification: Notification, traceHeader: string | undefined): void => {
    for (const subscription of subscribed.get(notification.topicArn) ?? [])
      deliver(delivery, subscription, notification, traceHeader);
  };
  const server = await startSnsServer({
    port: snsPort,
    topics: served,
    clock: wiring.clock,
    onPublish,
  });
  wiring.keep(() => server.stop());
  const topicArns = Object.fromEntries([...subscribed.keys()].map((arn) => [arn.split(':').at(-1)!, arn]));
  return {
    places: { snsEndpoint: server.endpoint, topicArns },
    publish: (topicName, message, subject, traceHeader) =>
      onPublish(
        {
          messageId: randomUUID(),
          topicArn: topicArns[topicName]!,
          subject,
          messageFor: () => message,
          attributes: {},
          publishedUnixMs: wiring.clock(),
        },
        traceHeader,
      ),
  };
}

function toSubscribed({ subscriptions = [] }: TopicConfig, topicArn: string): readonly Subscribed[] {
  return subscriptions.map((subscription) => ({ ...subscription, arn: `${topicArn}:${randomUUID()}` }));
}

function deliver(
  delivery: Omit<Delivery, 'publish'>,
  { function: functionName, queue, rawMessageDelivery, filterPolicy, arn }: Subscribed,
  notification: Notification,
  traceHeader: string | undefined,
): void {
  const { attributes } = notification;
  if (filterPolicy && !matchesPattern(filterPolicy, toFilterable(attributes))) return;
  if (functionName !== undefined) delivery.runLater(functionName, toSnsEvent(notification, arn), traceHeader);
  if (queue === undefined) return;
  const { groupId } = notification;
  const deduplicationId = queue.endsWith('.fifo') ? notification.deduplicationId : undefined;
  const message = { traceHeader, groupId, deduplicationId };
  if (rawMessageDelivery)
    delivery.send(queue, { ...message, body: notification.messageFor('sqs'), attributes });
  else delivery.send(queue, { ...message, body: JSON.stringify(toEnvelope(notification, arn)) });
}
