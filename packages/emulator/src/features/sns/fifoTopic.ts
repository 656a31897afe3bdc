import { createHash } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';
import { createRecentIds } from '../../platform/recentIds.ts';
import type { RecentIds } from '../../platform/recentIds.ts';
import type { QueryParameters } from './snsParameters.ts';
import { SnsError } from './snsError.ts';

/** What makes a topic FIFO. */
export interface FifoTopic {
  /** Whether a message without an id of its own is known by its text. */
  readonly contentBasedDeduplication: boolean;
  /** What was answered to whoever published a message with an id. */
  readonly recent: RecentIds<Published>;
  /** Twenty digits, rising. */
  nextSequenceNumber(): string;
}

/** What a publisher is told. */
export interface Published {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
}

/** Where a message stands in its topic. */
export interface FifoIds {
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
}

/** "Within the 5-minute deduplication interval" (sns/latest/dg/fifo-message-dedup.html). */
const DEDUPLICATION_MS = 300_000;
const FIRST_SEQUENCE_NUMBER = 10_000_000_000_000_000_000n;
/** "Alphanumeric characters and punctuation", up to 128 of them (SNS API reference, "Publish"). */
const ID = /^[!-~]{1,128}$/;

/**
 * Makes what is remembered of a FIFO topic (https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html).
 *
 * @param contentBasedDeduplication as configured
 * @param clock tells when an id is forgotten
 */
export function createFifoTopic(contentBasedDeduplication: boolean, clock: Clock): FifoTopic {
  let next = FIRST_SEQUENCE_NUMBER;
  return {
    contentBasedDeduplication,
    recent: createRecentIds<Published>(clock, DEDUPLICATION_MS),
    nextSequenceNumber: () => String(next++),
  };
}

/**
 * Reads what belongs to FIFO topics of a message that is published (SNS API reference, "Publish").
 *
 * @param parameters of the request
 * @param prefix before the names: nothing, or of one entry of a batch
 * @param fifo of a FIFO topic; a standard one takes groups as well, and no deduplication ids
 * @returns group and deduplication id; throws an SnsError
 */
export function parseFifoIds(
  parameters: QueryParameters,
  prefix: string,
  fifo: FifoTopic | undefined,
): FifoIds {
  const groupId = parseId(parameters, prefix, 'MessageGroupId');
  const given = parseId(parameters, prefix, 'MessageDeduplicationId');
  if (!fifo) {
    if (given === undefined) return { groupId, deduplicationId: undefined };
    throw invalidParameter(
      'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    );
  }
  if (groupId === undefined)
    throw invalidParameter('The MessageGroupId parameter is required for FIFO topics');
  const text = fifo.contentBasedDeduplication ? parameters.get(`${prefix}Message`) : undefined;
  const deduplicationId =
    given ?? (text === undefined ? undefined : createHash('sha256').update(text).digest('hex'));
  if (deduplicationId === undefined)
    throw invalidParameter(
      'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  return { groupId, deduplicationId };
}

function parseId(parameters: QueryParameters, prefix: string, name: string): string | undefined {
  const value = parameters.get(`${prefix}${name}`);
  if (value === undefined || ID.test(value)) return value;
  throw invalidParameter(
    `${name} Reason: ${name} can only include alphanumeric and punctuation characters. 1 to 128 in length`,
  );
}

function invalidParameter(what: string): SnsError {
  return new SnsError('InvalidParameter', `Invalid parameter: ${what}`);
}
