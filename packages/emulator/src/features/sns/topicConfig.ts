import { findPatternFault } from '../../platform/eventPatternFaults.ts';
import { refuseOption } from '../../platform/optionFaults.ts';

/** A topic of the stand-in for SNS. */
export interface TopicConfig {
  readonly name: string;
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
export function refuseTopicFaults({ name, subscriptions = [] }: TopicConfig): void {
  const what = `topic ${name}`;
  if (!/^[\w-]{1,256}$/.test(name)) refuseOption(what, 'letters, digits, - and _ only; no FIFO topics');
  for (const { function: functionName, queue, filterPolicy } of subscriptions) {
    if ((functionName === undefined) === (queue === undefined))
      refuseOption(what, 'a subscription needs either a function or a queue');
    const fault = filterPolicy === undefined ? undefined : findPatternFault(filterPolicy);
    if (fault !== undefined) refuseOption(what, `filterPolicy: ${fault}`);
  }
}
