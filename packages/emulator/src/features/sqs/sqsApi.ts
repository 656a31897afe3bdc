import type { MessageAttributes, ReceivedMessage } from './message.ts';
import { toSystemAttributes } from './message.ts';
import { toAttributesMd5, toBodyMd5 } from './messageDigest.ts';
import type { Queue } from './queue.ts';
import { parseFifo } from './fifoParameters.ts';
import type { FifoQueue } from './fifoParameters.ts';
import { SqsError } from './sqsError.ts';
import {
  integer,
  MAX_MESSAGE_BYTES,
  names,
  parseAttributes,
  parseEntries,
  parseMessage,
  sizeOf,
} from './sqsParameters.ts';
import type { Parameters } from './sqsParameters.ts';

/** A queue that the stand-in serves. */
export interface ServedQueue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly queue: Queue;
  readonly visibilityTimeoutMs: number;
  /** What a FIFO queue asks of its messages; undefined of a standard queue. */
  readonly fifo: FifoQueue | undefined;
  readonly createdUnixMs: number;
  readonly redrivePolicy: string | undefined;
}

/** A parsed request: parameters as the AWS JSON 1.0 protocol has them. */
export interface SqsCall {
  readonly parameters: Parameters;
  readonly queues: ReadonlyMap<string, ServedQueue>;
  /** The `X-Amzn-Trace-Id` header of the request. */
  readonly traceHeader: string | undefined;
  readonly signal: AbortSignal;
}

type Json = Record<string, unknown>;
export type SqsAction = (call: SqsCall) => Json | Promise<Json>;

const MAX_VISIBILITY_SECONDS = 43_200;
const MAX_WAIT_SECONDS = 20;

/** The actions of SQS that the stand-in knows. */
export const SQS_ACTIONS: Readonly<Record<string, SqsAction>> = {
  SendMessage: (call) => sendOne(call, findQueue(call), call.parameters),
  SendMessageBatch: (call) => sendBatch(call),
  ReceiveMessage: (call) => receive(call),
  DeleteMessage: (call) => {
    remove(findQueue(call), call.parameters);
    return {};
  },
  DeleteMessageBatch: (call) => forEachEntry(call, (entry) => remove(findQueue(call), entry)),
  ChangeMessageVisibility: (call) => {
    changeVisibility(findQueue(call), call.parameters);
    return {};
  },
  ChangeMessageVisibilityBatch: (call) =>
    forEachEntry(call, (entry) => changeVisibility(findQueue(call), entry)),
  PurgeQueue: (call) => {
    findQueue(call).queue.purge();
    return {};
  },
  GetQueueUrl: ({ parameters, queues }) => {
    const served = queues.get(String(parameters['QueueName'] ?? ''));
    if (!served) throw unknownQueue();
    return { QueueUrl: served.url };
  },
  ListQueues: ({ parameters, queues }) => {
    const prefix = typeof parameters['QueueNamePrefix'] === 'string' ? parameters['QueueNamePrefix'] : '';
    return {
      QueueUrls: [...queues.values()].filter(({ name }) => name.startsWith(prefix)).map(({ url }) => url),
    };
  },
  GetQueueAttributes: (call) => getAttributes(call),
};

function sendOne(call: SqsCall, { queue, fifo }: ServedQueue, entry: Parameters): Json {
  const message = { ...parseMessage(entry, call.traceHeader), ...parseFifo(entry, fifo) };
  const { messageId, sequenceNumber } = queue.send(message);
  const attributesMd5 = toAttributesMd5(message.attributes);
  const systemMd5 = toAttributesMd5(parseAttributes(entry['MessageSystemAttributes']));
  return {
    MessageId: messageId,
    MD5OfMessageBody: toBodyMd5(message.body),
    ...(sequenceNumber === undefined ? {} : { SequenceNumber: sequenceNumber }),
    ...(attributesMd5 === undefined ? {} : { MD5OfMessageAttributes: attributesMd5 }),
    ...(systemMd5 === undefined ? {} : { MD5OfMessageSystemAttributes: systemMd5 }),
  };
}

function sendBatch(call: SqsCall): Json {
  const served = findQueue(call);
  const sizeBytes = parseEntries(call.parameters).reduce((sum, entry) => sum + sizeOfEntry(entry), 0);
  if (sizeBytes > MAX_MESSAGE_BYTES) {
    throw new SqsError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes.`,
    );
  }
  return forEachEntry(call, (entry) => sendOne(call, served, entry));
}

/** What cannot be read has no size: it is refused by itself later, not the batch with it. */
function sizeOfEntry(entry: Parameters): number {
  try {
    return sizeOf(parseMessage(entry, undefined, Infinity));
  } catch (error) {
    if (error instanceof SqsError) return 0;
    throw error;
  }
}

/** Runs each entry of a batch; one that fails does not spoil the others. */
function forEachEntry(call: SqsCall, run: (entry: Parameters) => Json | void): Json {
  const successful: Json[] = [];
  const failed: Json[] = [];
  for (const entry of parseEntries(call.parameters)) {
    const id = String(entry['Id'] ?? '');
    try {
      successful.push({ Id: id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof SqsError)) throw error;
      failed.push({ Id: id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful: successful, Failed: failed };
}

async function receive(call: SqsCall): Promise<Json> {
  const { parameters, signal } = call;
  const { queue } = findQueue(call);
  const max = integer(parameters, 'MaxNumberOfMessages', 1, 1, 10);
  const waitMs = integer(parameters, 'WaitTimeSeconds', 0, 0, MAX_WAIT_SECONDS) * 1000;
  const hidden = parameters['VisibilityTimeout'];
  const visibilityTimeoutMs =
    hidden === undefined
      ? undefined
      : integer(parameters, 'VisibilityTimeout', 0, 0, MAX_VISIBILITY_SECONDS) * 1000;
  const messages = await queue.receive({ max, waitMs, visibilityTimeoutMs, signal });
  const wantedSystem = [
    ...names(parameters['MessageSystemAttributeNames']),
    ...names(parameters['AttributeNames']),
  ];
  const wanted = names(parameters['MessageAttributeNames']);
  return messages.length === 0
    ? {}
    : { Messages: messages.map((message) => toJson(message, wanted, wantedSystem)) };
}

function toJson(message: ReceivedMessage, wanted: readonly string[], wantedSystem: readonly string[]): Json {
  const system = Object.entries(toSystemAttributes(message)).filter(([name]) => isWanted(name, wantedSystem));
  const attributes = Object.fromEntries(
    Object.entries(message.attributes).filter(([name]) => isWanted(name, wanted)),
  );
  const attributesMd5 = toAttributesMd5(attributes);
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: toBodyMd5(message.body),
    Body: message.body,
    ...(system.length === 0 ? {} : { Attributes: Object.fromEntries(system) }),
    ...(attributesMd5 === undefined
      ? {}
      : { MD5OfMessageAttributes: attributesMd5, MessageAttributes: toProtocolAttributes(attributes) }),
  };
}

function toProtocolAttributes(attributes: MessageAttributes): Json {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, stringValue, binaryValue }]) => [
      name,
      {
        DataType: dataType,
        ...(binaryValue ? { BinaryValue: binaryValue.toString('base64') } : { StringValue: stringValue }),
      },
    ]),
  );
}

/** `All`, `.*`, a name, or a prefix followed by `.*`. */
function isWanted(name: string, wanted: readonly string[]): boolean {
  return wanted.some(
    (pattern) =>
      pattern === 'All' ||
      pattern === name ||
      (pattern.endsWith('.*') && name.startsWith(pattern.slice(0, -2))),
  );
}

function getAttributes(call: SqsCall): Json {
  const served = findQueue(call);
  const { visible, hidden, delayed } = served.queue.counts();
  const createdSeconds = String(Math.floor(served.createdUnixMs / 1000));
  const all: Record<string, string> = {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(hidden),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: createdSeconds,
    LastModifiedTimestamp: createdSeconds,
    DelaySeconds: '0',
    MaximumMessageSize: String(MAX_MESSAGE_BYTES),
    MessageRetentionPeriod: '345600',
    QueueArn: served.arn,
    ReceiveMessageWaitTimeSeconds: '0',
    VisibilityTimeout: String(Math.round(served.visibilityTimeoutMs / 1000)),
    ...(served.fifo === undefined
      ? {}
      : {
          FifoQueue: 'true',
          ContentBasedDeduplication: String(served.fifo.contentBasedDeduplication),
          DeduplicationScope: 'queue',
          FifoThroughputLimit: 'perQueue',
        }),
    ...(served.redrivePolicy === undefined ? {} : { RedrivePolicy: served.redrivePolicy }),
  };
  const wanted = names(call.parameters['AttributeNames']);
  const entries = Object.entries(all).filter(([name]) => isWanted(name, wanted));
  return entries.length === 0 ? {} : { Attributes: Object.fromEntries(entries) };
}

function remove({ queue }: ServedQueue, entry: Parameters): void {
  if (!queue.remove(receiptHandleOf(entry))) throw invalidHandle();
}

function changeVisibility({ queue }: ServedQueue, entry: Parameters): void {
  const seconds = integer(entry, 'VisibilityTimeout', undefined, 0, MAX_VISIBILITY_SECONDS);
  if (!queue.hide(receiptHandleOf(entry), seconds * 1000)) throw invalidHandle();
}

function invalidHandle(): SqsError {
  return new SqsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
}

function receiptHandleOf(entry: Parameters): string {
  const handle = entry['ReceiptHandle'];
  if (typeof handle === 'string' && handle !== '') return handle;
  throw new SqsError('MissingParameter', 'The request must contain the parameter ReceiptHandle.');
}

function findQueue({ parameters, queues }: SqsCall): ServedQueue {
  const url = parameters['QueueUrl'];
  if (typeof url !== 'string' || url === '') {
    throw new SqsError('MissingParameter', 'The request must contain the parameter QueueUrl.');
  }
  // By its name: the host may be written in more than one way.
  const served = queues.get(url.slice(url.lastIndexOf('/') + 1));
  if (!served) throw unknownQueue();
  return served;
}

function unknownQueue(): SqsError {
  return new SqsError('QueueDoesNotExist', 'The specified queue does not exist.');
}
