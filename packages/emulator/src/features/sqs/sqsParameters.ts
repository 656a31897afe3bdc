import { isObject } from '../../platform/json.ts';
import type { MessageAttribute, MessageAttributes, OutgoingMessage } from './message.ts';
import { SqsError } from './sqsError.ts';

/** Parameters as the AWS JSON 1.0 protocol has them, untrusted. */
export type Parameters = Readonly<Record<string, unknown>>;

/** 1 MiB: a message, or all entries of a batch together. */
export const MAX_MESSAGE_BYTES = 1_048_576;
const MAX_ENTRIES = 10;
const MAX_ATTRIBUTES = 10;
const MAX_DELAY_SECONDS = 900;
/** What XML 1.0 allows: SQS refuses all else in a body. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN_CHARACTERS = /[^\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/**
 * Reads the entries of a batch.
 *
 * @param parameters of the request
 * @returns one to ten entries with ids of their own; throws an SqsError
 */
export function parseEntries(parameters: Parameters): readonly Parameters[] {
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
  const parsed = entries.map((entry) => (isObject(entry) ? entry : {}));
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

/**
 * Reads a message that is sent.
 *
 * @param entry the request, or one entry of a batch
 * @param requestTraceHeader the trace header of the request, if any
 * @param maxBytes how much body and attributes may be together
 * @returns the message; throws an SqsError
 */
export function parseMessage(
  entry: Parameters,
  requestTraceHeader: string | undefined,
  maxBytes: number = MAX_MESSAGE_BYTES,
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

/** The bytes of a message: names, types and values of attributes count as well as the body. */
export function sizeOf({ body, attributes }: Pick<OutgoingMessage, 'body' | 'attributes'>): number {
  return Object.entries(attributes).reduce(
    (sum, [name, { dataType, stringValue = '', binaryValue }]) =>
      sum + Buffer.byteLength(name + dataType + stringValue) + (binaryValue?.length ?? 0),
    Buffer.byteLength(body),
  );
}

/** Reads attributes, or none from anything else; throws an SqsError. */
export function parseAttributes(value: unknown): MessageAttributes {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, attribute]) => [name, parseAttribute(name, attribute)]),
  );
}

function parseAttribute(name: string, value: unknown): MessageAttribute {
  const {
    DataType: dataType,
    StringValue: stringValue,
    BinaryValue: binaryValue,
  } = isObject(value) ? value : {};
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

/** Reads a whole number between two; without a fallback it must be there. Throws an SqsError. */
export function integer(
  parameters: Parameters,
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

/** Reads a list of names; empty from anything else. */
export function names(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];
}
