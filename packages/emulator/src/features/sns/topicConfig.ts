import { findPatternFault } from '../../platform/eventPatternFaults.ts';
import { refuseMeaningless, refuseOption } from '../../platform/optionFaults.ts';

/** A topic of the stand-in for SNS. */
export interface TopicConfig {
  /** A name that ends in `.fifo` makes a FIFO topic, which delivers to queues only. */
  readonly name: string;
  /** Whether a FIFO topic knows a message without a deduplication id by its text; false. */
  readonly contentBasedDeduplication?: boolean | undefined;
  readonly subscriptions?: readonly TopicSubscription[] | undefined;
}

/** Who gets a topic's messages: a function or a queue. */
export interface TopicSubscription {
  /** Name of a function; it is run asynchronously. */
  readonly function?: string | undefined;
  /** Name of a configured queue. */
  readonly queue?: string | undefined;
  /** Whether a queue gets the message itself, with its attributes, instead of an envelope; false. */
  readonly rawMessageDelivery?: boolean | undefined;
  /** Conditions on message attributes, such as `{ kind: ['order', { prefix: 'x' }] }`; everything when left out. */
  readonly filterPolicy?: Readonly<Record<string, unknown>> | undefined;
}

/** Throws an EmulatorError when AWS would not take a configuration. */
export function refuseTopicFaults(config: TopicConfig): void {
  const { name, subscriptions = [] } = config;
  const what = `topic ${name}`;
  const isFifo = name.endsWith('.fifo');
  if (name.length > 256 || !/^[\w-]+$/.test(name.replace(/\.fifo$/, '_fifo')))
    refuseOption(what, 'letters, digits, - and _ only, and perhaps .fifo at the end');
  if (!isFifo && config.contentBasedDeduplication)
    refuseOption(what, 'contentBasedDeduplication is for FIFO topics');
  for (const { function: functionName, queue, rawMessageDelivery, filterPolicy } of subscriptions) {
    if ((functionName === undefined) === (queue === undefined))
      refuseOption(what, 'a subscription needs either a function or a queue');
    // https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html: to queues, among what is here.
    if (queue === undefined) refuseMeaningless(what, 'for a function', { rawMessageDelivery });
    // https://docs.aws.amazon.com/sns/latest/dg/fifo-topic-message-delivery.html: to queues, standard ones too.
    if (isFifo && functionName !== undefined)
      refuseOption(what, 'a FIFO topic delivers to queues only; a queue may have a function');
    if (!isFifo && queue?.endsWith('.fifo'))
      refuseOption(what, `FIFO queue ${queue} can be subscribed to FIFO topics only`);
    const fault = filterPolicy === undefined ? undefined : findPatternFault(filterPolicy);
    if (fault !== undefined) refuseOption(what, `filterPolicy: ${fault}`);
  }
}
