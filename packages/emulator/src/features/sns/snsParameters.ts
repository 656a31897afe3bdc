import { isObject, parseJson } from '../../platform/json.ts';
import type { Notification, TopicAttribute, TopicAttributes } from './notification.ts';
import { SnsError } from './snsError.ts';

/** Parameters of the query protocol: flat names with dots, values of text. */
export type QueryParameters = ReadonlyMap<string, string>;

/** What a publisher asks for. */
export type Publication = Pick<Notification, 'subject' | 'messageFor' | 'attributes'>;

/** Message and attributes together (SNS quotas, "Message size"). */
export const MAX_MESSAGE_BYTES = 262_144;
const MAX_SUBJECT_CHARACTERS = 99;
const MAX_ENTRIES = 10;

/**
 * Reads a message.
 *
 * @param parameters of the request
 * @param prefix before the names: nothing, or of one entry of a batch
 * @returns the message; throws an SnsError
 */
export function parsePublication(parameters: QueryParameters, prefix = ''): Publication {
  const message = parameters.get(`${prefix}Message`) ?? '';
  if (message === '') throw invalid('Empty message');
  const subject = parameters.get(`${prefix}Subject`);
  if (subject !== undefined && (subject.length > MAX_SUBJECT_CHARACTERS || !/^[\x20-\x7e]+$/.test(subject)))
    throw invalid('Subject');
  const attributes = parseAttributes(parameters, `${prefix}MessageAttributes.entry.`);
  const publication = {
    subject,
    attributes,
    messageFor: toMessageFor(message, parameters.get(`${prefix}MessageStructure`)),
  };
  if (sizeOf(message, attributes) > MAX_MESSAGE_BYTES) throw invalid('Message too long');
  return publication;
}

/**
 * Lists the prefixes of a batch's entries, with the id of each.
 *
 * @param parameters of the request
 * @returns one to ten entries with ids of their own; throws an SnsError
 */
export function parseEntries(parameters: QueryParameters): readonly { id: string; prefix: string }[] {
  const entries = numbered(parameters, 'PublishBatchRequestEntries.member.').map((prefix) => ({
    prefix,
    id: parameters.get(`${prefix}Id`) ?? '',
  }));
  if (entries.length === 0)
    throw new SnsError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
  if (entries.length > MAX_ENTRIES)
    throw new SnsError(
      'TooManyEntriesInBatchRequest',
      'The batch request contains more entries than permissible.',
    );
  if (new Set(entries.map(({ id }) => id)).size !== entries.length)
    throw new SnsError(
      'BatchEntryIdsNotDistinct',
      'Two or more batch entries in the request have the same Id.',
    );
  if (!entries.every(({ id }) => /^[\w-]{1,80}$/.test(id)))
    throw new SnsError(
      'InvalidBatchEntryId',
      "The Id of a batch entry in a batch request doesn't abide by the specification.",
    );
  return entries;
}

/** The error for a parameter that is not valid, in SNS's words. */
export function invalid(what: string): SnsError {
  return new SnsError('InvalidParameter', `Invalid parameter: ${what}`);
}

function toMessageFor(message: string, structure: string | undefined): Notification['messageFor'] {
  if (structure !== 'json') return () => message;
  const document = parseJson(message);
  if (!isObject(document)) throw invalid('Message Structure - JSON message body failed to parse');
  const fallback = document['default'];
  if (typeof fallback !== 'string')
    throw invalid('Message Structure - No default entry in JSON message body');
  return (protocol) => {
    const own = Object.hasOwn(document, protocol) ? document[protocol] : undefined;
    return typeof own === 'string' ? own : fallback;
  };
}

function parseAttributes(parameters: QueryParameters, start: string): TopicAttributes {
  return Object.fromEntries(
    numbered(parameters, start).map((prefix) => {
      const name = parameters.get(`${prefix}Name`) ?? '';
      if (!/^[\w.-]{1,256}$/.test(name))
        throw new SnsError('ParameterValueInvalid', `The message attribute name '${name}' is invalid.`);
      return [name, parseAttribute(name, parameters, `${prefix}Value.`)] as const;
    }),
  );
}

function parseAttribute(name: string, parameters: QueryParameters, prefix: string): TopicAttribute {
  const dataType = parameters.get(`${prefix}DataType`) ?? '';
  const stringValue = parameters.get(`${prefix}StringValue`);
  const binaryValue = parameters.get(`${prefix}BinaryValue`);
  if (!/^(String|Number|Binary)(\.|$)/.test(dataType))
    throw new SnsError(
      'ParameterValueInvalid',
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  if (dataType.startsWith('Binary')) {
    if (binaryValue) return { dataType, binaryValue: Buffer.from(binaryValue, 'base64') };
  } else if (stringValue) return { dataType, stringValue };
  throw new SnsError(
    'ParameterValueInvalid',
    `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${dataType}'.`,
  );
}

/** `start1.`, `start2.` …, as long as there are parameters that begin so. */
function numbered(parameters: QueryParameters, start: string): readonly string[] {
  const numbers = new Set<number>();
  for (const name of parameters.keys()) {
    const number = name.startsWith(start) ? /^(\d+)\./.exec(name.slice(start.length))?.[1] : undefined;
    if (number !== undefined) numbers.add(Number(number));
  }
  return [...numbers].toSorted((a, b) => a - b).map((number) => `${start}${number}.`);
}

function sizeOf(message: string, attributes: TopicAttributes): number {
  return Object.entries(attributes).reduce(
    (sum, [name, { dataType, stringValue = '', binaryValue }]) =>
      sum + Buffer.byteLength(name + dataType + stringValue) + (binaryValue?.length ?? 0),
    Buffer.byteLength(message),
  );
}
