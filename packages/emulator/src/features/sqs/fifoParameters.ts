import { createHash } from 'node:crypto';
import type { OutgoingMessage } from './message.ts';
import { SqsError } from './sqsError.ts';
import type { Parameters } from './sqsParameters.ts';

/** What a FIFO queue is configured with. */
export interface FifoQueue {
  /** Whether a message without an id of its own is known by its body. */
  readonly contentBasedDeduplication: boolean;
}

/** "Can contain alphanumeric characters and punctuation", up to 128 of them. */
const ID = /^[!-~]{1,128}$/;

/**
 * Reads what belongs to FIFO queues of a message that is sent (SQS API reference, "SendMessage").
 *
 * @param entry the request, or one entry of a batch
 * @param fifo of a FIFO queue; undefined of a standard one, which takes groups as well, and no deduplication ids
 * @returns group and deduplication id; throws an SqsError
 */
export function parseFifo(
  entry: Parameters,
  fifo: FifoQueue | undefined,
): Pick<OutgoingMessage, 'groupId' | 'deduplicationId'> {
  const groupId = parseId(entry, 'MessageGroupId');
  const given = parseId(entry, 'MessageDeduplicationId');
  if (!fifo) {
    if (given === undefined) return { groupId };
    throw new SqsError(
      'InvalidParameterValue',
      `Value ${given} for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.`,
    );
  }
  if (groupId === undefined)
    throw new SqsError('MissingParameter', 'The request must contain the parameter MessageGroupId.');
  const delay = entry['DelaySeconds'];
  if (delay !== undefined && delay !== 0)
    throw new SqsError(
      'InvalidParameterValue',
      `Value ${String(delay)} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
    );
  const deduplicationId = given ?? (fifo.contentBasedDeduplication ? toContentId(entry) : undefined);
  if (deduplicationId === undefined)
    throw new SqsError(
      'InvalidParameterValue',
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  return { groupId, deduplicationId };
}

function parseId(entry: Parameters, name: string): string | undefined {
  const value = entry[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && ID.test(value)) return value;
  throw new SqsError(
    'InvalidParameterValue',
    `Value ${String(value)} for parameter ${name} is invalid. Reason: ${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

function toContentId({ MessageBody: body }: Parameters): string {
  return createHash('sha256').update(String(body)).digest('hex');
}
