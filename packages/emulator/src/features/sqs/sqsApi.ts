import type { MessageAttribute, MessageAttributes, OutgoingMessage, ReceivedMessage } from './message.ts';
import { toSystemAttributes } from './message.ts';
import { toAttributesMd5, toBodyMd5 } from './messageDigest.ts';
import type { Queue } from './queue.ts';
import { SqsError } from './sqsError.ts';

/** A queue that the stand-in serves. */
export interface ServedQueue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly queue: Queue;
  readonly visibilityTimeoutMs: number;
  readonly createdUnixMs: number;
  readonly redrivePolicy: string | undefined;
}

/** A parsed request: parameters as the AWS JSON 1.0 protocol has them. */
export interface SqsCall {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly queues: ReadonlyMap<string, ServedQueue>;
  /** The `X-Amzn-Trace-Id` header of the request. */
  readonly traceHeader: string | undefined;
  readonly signal: AbortSignal;
}

type Json = Record<string, unknown>;
export type SqsAction = (call: SqsCall) => Json | Promise<Json>;

/** 1 MiB: a message, or all entries of a batch together. */
export const MAX_MESSAGE_BYTES = 1_048_576;
const MAX_ENTRIES = 10;
const MAX_ATTRIBUTES = 10;
const MAX_DELAY_SECONDS = 900;
const MAX_VISIBILITY_SECONDS = 43_200;
const MAX_WAIT_SECONDS = 20;
/** What XML 1.0 allows: SQS refuses all else in a body. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN_CHARACTERS = /[^\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

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

function sendOne(call: SqsCall, { queue }: ServedQueue, entry: Readonly<Record<string, unknown>>): Json {
  const message = parseMessage(entry, call.traceHeader);
  const messageId = queue.send(message);
  const attributesMd5 = toAttributesMd5(message.attributes);
  const systemMd5 = toAttributesMd5(parseAttributes(entry['MessageSystemAttributes']));
  return {
    MessageId: messageId,
    MD5OfMessageBody: toBodyMd5(message.body),
    ...(attributesMd5 === undefined ? {} : { MD5OfMessageAttributes: attributesMd5 }),
    ...(systemMd5 === undefined ? {} : { MD5OfMessageSystemAttributes: systemMd5 }),
  };
}

function sendBatch(call: SqsCall): Json {
  const served = findQueue(call);
  const sizeBytes = parseEntries(call).reduce(
    (sum, entry) => sum + sizeOf(parseMessage(entry, undefined, Infinity)),
    0,
  );
  if (sizeBytes > MAX_MESSAGE_BYTES) {
    throw new SqsError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes.`,
    );
  }
  return forEachEntry(call, (entry) => sendOne(call, served, entry));
}

/** Runs each entry of a batch; one that fails does not spoil the others. */
function forEachEntry(call: SqsCall, run: (entry: Readonly<Record<string, unknown>>) => Json | void): Json {
  const successful: Json[] = [];
  const failed: Json[] = [];
  for (const entry of parseEntries(call)) {
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
    ...(served.redrivePolicy === undefined ? {} : { RedrivePolicy: served.redrivePolicy }),
  };
  const wanted = names(call.parameters['AttributeNames']);
  const entries = Object.entries(all).filter(([name]) => isWanted(name, wanted));
  return entries.length === 0 ? {} : { Attributes: Object.fromEntries(entries) };
}

function remove({ queue }: ServedQueue, entry: Readonly<Record<string, unknown>>): void {
  if (!queue.remove(receiptHandleOf(entry))) throw invalidHandle();
}

function changeVisibility({ queue }: ServedQueue, entry: Readonly<Record<string, unknown>>): void {
  const seconds = integer(entry, 'VisibilityTimeout', undefined, 0, MAX_VISIBILITY_SECONDS);
  if (!queue.hide(receiptHandleOf(entry), seconds * 1000)) throw invalidHandle();
}

function invalidHandle(): SqsError {
  return new SqsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
}

function receiptHandleOf(entry: Readonly<Record<string, unknown>>): string {
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

function parseEntries({ parameters }: SqsCall): readonly Readonly<Record<string, unknown>>[] {
  const entries = parameters['Entries'];
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new SqsError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  }
  if (entries.length > MAX_ENTRIES) {
    throw new SqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const parsed = entries.map((entry) => (isRecord(entry) ? entry : {}));
  const ids = parsed.map((entry) => entry['Id']);
  if (new Set(ids).size !== ids.length) {
    throw new SqsError(
      'BatchEntryIdsNotDistinct',
      'Two or more batch entries in the request have the same Id.',
    );
  }
  if (!ids.every((id) => typeof id === 'string' && /^[\w-]{1,80}$/.test(id))) {
    throw new SqsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  }
  return parsed;
}

function parseMessage(
  entry: Readonly<Record<string, unknown>>,
  requestTraceHeader: string | undefined,
  maxBytes = MAX_MESSAGE_BYTES,
): OutgoingMessage {
  const body = entry['MessageBody'];
  if (typeof body !== 'string')
    throw new SqsError('MissingParameter', 'The request must contain the parameter MessageBody.');
  if (body === '')
    throw new SqsError('InvalidParameterValue', 'Message must be at least one character long.');
  if (FORBIDDEN_CHARACTERS.test(body)) {
    throw new SqsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    );
  }
  const attributes = parseAttributes(entry['MessageAttributes']);
  if (Object.keys(attributes).length > MAX_ATTRIBUTES) {
    throw new SqsError(
      'InvalidParameterValue',
      `Number of message attributes [${Object.keys(attributes).length}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`,
    );
  }
  const delayMs = integer(entry, 'DelaySeconds', 0, 0, MAX_DELAY_SECONDS) * 1000;
  // A header given as a system attribute goes before the one that the SDK put on the request.
  const traceHeader =
    parseAttributes(entry['MessageSystemAttributes'])['AWSTraceHeader']?.stringValue ?? requestTraceHeader;
  const message = { body, attributes, traceHeader, delayMs };
  if (sizeOf(message) > maxBytes) {
    throw new SqsError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${maxBytes} bytes.`,
    );
  }
  return message;
}

/** Names, types and values of attributes count as well as the body. */
function sizeOf({ body, attributes }: OutgoingMessage): number {
  return Object.entries(attributes).reduce(
    (sum, [name, { dataType, stringValue = '', binaryValue }]) =>
      sum + Buffer.byteLength(name + dataType + stringValue) + (binaryValue?.length ?? 0),
    Buffer.byteLength(body),
  );
}

function parseAttributes(value: unknown): MessageAttributes {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, attribute]) => [name, parseAttribute(name, attribute)]),
  );
}

function parseAttribute(name: string, value: unknown): MessageAttribute {
  const {
    DataType: dataType,
    StringValue: stringValue,
    BinaryValue: binaryValue,
  } = isRecord(value) ? value : {};
  if (typeof dataType !== 'string' || !/^(String|Number|Binary)(\.|$)/.test(dataType)) {
    throw new SqsError(
      'InvalidParameterValue',
      `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
    );
  }
  if (dataType.startsWith('Binary')) {
    if (typeof binaryValue === 'string' && binaryValue !== '')
      return { dataType, binaryValue: Buffer.from(binaryValue, 'base64') };
  } else if (typeof stringValue === 'string' && stringValue !== '') return { dataType, stringValue };
  throw new SqsError(
    'InvalidParameterValue',
    `Message (user) attribute '${name}' must contain a non-empty value of type '${dataType}'.`,
  );
}

function integer(
  parameters: Readonly<Record<string, unknown>>,
  name: string,
  fallback: number | undefined,
  least: number,
  most: number,
): number {
  const value = parameters[name] ?? fallback;
  if (value === undefined)
    throw new SqsError('MissingParameter', `The request must contain the parameter ${name}.`);
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new SqsError(
    'InvalidParameterValue',
    `Value ${String(value)} for parameter ${name} is invalid. Reason: Must be between ${least} and ${most}, if provided.`,
  );
}

function names(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
