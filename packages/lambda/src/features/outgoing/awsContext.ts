import { toJson } from '@clickspan/shared/json';
import { toTraceparent } from '@clickspan/shared/traceContext';
import type { SpanContext } from '@opentelemetry/api';
import { toXrayHeader } from '../../platform/xrayHeader.ts';
import { countText, toLimit, withContext, withContexts } from './awsMessages.ts';
import type { Message } from './awsMessages.ts';

/** A context in the forms in which AWS's services carry one. */
export interface Carrier {
  readonly traceparent: string;
  readonly tracestate: string | undefined;
  /** X-Ray's header with ours in it; `undefined` where X-Ray's own must stay. */
  readonly xray: string | undefined;
}

/** What decides how a context is written. */
export interface CarrierOptions {
  readonly xrayHeader: string | undefined;
  readonly contextInPayload: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;
type Write = (input: Fields, carrier: Carrier, inPayload: (service: string) => boolean) => Fields;

/** Base64 of the client context, as Lambda limits it. */
const MAX_CLIENT_CONTEXT = 3583;
/** Parsed and written again, it might be another one. */
const LONG_NUMBER = /\d{16}/;
/** Characters of the trace header of an execution. */
const MAX_TRACE_HEADER = 256;
/** Bytes of the input of an execution. */
const MAX_EXECUTION_INPUT = 262_144;
/** Bytes of one record of a stream with its partition key, and of a request; streams may allow more, but tell nobody. */
const MAX_RECORD_BYTES = 1_048_576;
const MAX_RECORDS_BYTES = 5_242_880;
/** Records above this are not looked into: it would take the caller's time. */
const MAX_PARSED_BYTES = 65_536;
/** What a service counts for an event's time. */
const EVENT_TIME_BYTES = 14;

/**
 * Writes the context of a call into its parameters, where the service hands it on: into what is made for it, and into
 * payloads only where the function's owner asked for it. What carries a context already, and what has no room, stays.
 *
 * @param call for example `SQS.SendMessage`
 * @param input the parameters, as the function gave them; never changed
 * @returns the same parameters, or a copy with the context
 */
export function addAwsContext(
  call: string,
  input: unknown,
  context: SpanContext,
  { xrayHeader, contextInPayload }: CarrierOptions,
): unknown {
  const write = WRITE[call];
  if (!write || typeof input !== 'object' || input === null) return input;
  const carrier: Carrier = {
    traceparent: toTraceparent(context),
    tracestate: context.traceState?.serialize(),
    // Few services want it, and it is the dearest.
    get xray() {
      return toXrayHeader(xrayHeader, context);
    },
  };
  return write(input as Fields, carrier, (service) => contextInPayload.includes(service));
}

/**
 * The input of an execution with a name is what tells whether it is the same one, asked for again: then the service takes
 * it as done, and with another input refuses it.
 */
const startNamedExecution: Write = (input, carrier, inPayload) =>
  startExecution(input, carrier, input['name'] === undefined ? inPayload : () => false);

const startExecution: Write = (input, carrier, inPayload) => {
  const { input: given = '{}', traceHeader } = input;
  const { xray } = carrier;
  const text =
    inPayload('stepfunctions') && addToJson(given, carrier, MAX_EXECUTION_INPUT - countText(given));
  return withFields(input, {
    ...(xray && xray.length <= MAX_TRACE_HEADER && traceHeader === undefined && { traceHeader: xray }),
    ...(text && { input: text }),
  });
};

const WRITE: Readonly<Record<string, Write>> = {
  'SQS.SendMessage': (input, carrier) => withContext(input as Message, carrier) as Fields,
  'SQS.SendMessageBatch': (input, carrier) =>
    mapEntries(input, 'Entries', (entries) => withContexts(entries as Message[], carrier)),
  // A text message or a push to a telephone is read by nobody who knows of traces.
  'SNS.Publish': (input, carrier) =>
    /:sns:[^:]*:[^:]*:[^:/]+$/.test(String(input['TopicArn'] ?? input['TargetArn']))
      ? (withContext(input as Message, carrier) as Fields)
      : input,
  'SNS.PublishBatch': (input, carrier) =>
    mapEntries(input, 'PublishBatchRequestEntries', (entries) => withContexts(entries as Message[], carrier)),
  'EventBridge.PutEvents': (input, carrier, inPayload) =>
    mapEntries(input, 'Entries', (entries) => {
      const size = entries.reduce((sum: number, entry) => sum + countEvent(entry), 0);
      let room = toLimit(size) - size;
      return entries.map((entry) => {
        const { Detail: given, TraceHeader: header } = entry;
        const detail = inPayload('eventbridge') && addToJson(given, carrier, room);
        if (detail) room -= countText(detail) - countText(given);
        return withFields(entry, {
          ...(carrier.xray && header === undefined && { TraceHeader: carrier.xray }),
          ...(detail && { Detail: detail }),
        });
      });
    }),
  'Kinesis.PutRecord': (input, carrier, inPayload) =>
    inPayload('kinesis') ? addToRecord(input, carrier, MAX_RECORDS_BYTES) : input,
  'Kinesis.PutRecords': (input, carrier, inPayload) =>
    inPayload('kinesis')
      ? mapEntries(input, 'Records', (records) => {
          let room =
            MAX_RECORDS_BYTES - records.reduce((sum: number, record) => sum + countRecord(record), 0);
          return records.map((record) => {
            const changed = addToRecord(record, carrier, room);
            room -= countRecord(changed) - countRecord(record);
            return changed;
          });
        })
      : input,
  'Lambda.Invoke': addToClientContext,
  'Lambda.InvokeWithResponseStream': addToClientContext,
  'SFN.StartExecution': startNamedExecution,
  'SFN.StartSyncExecution': startExecution,
};

function mapEntries(input: Fields, name: string, map: (entries: Fields[]) => unknown[]): Fields {
  const entries = input[name];
  if (!Array.isArray(entries)) return input;
  const mapped = map(entries as Fields[]);
  return mapped.some((entry, i) => entry !== entries[i]) ? { ...input, [name]: mapped } : input;
}

function withFields(input: Fields, fields: Fields): Fields {
  return Object.keys(fields).length > 0 ? { ...input, ...fields } : input;
}

function countEvent(event: Fields): number {
  const { Source: source, DetailType: type, Detail: detail, Resources: resources } = event;
  const texts = [source, type, detail, ...(Array.isArray(resources) ? (resources as unknown[]) : [])];
  return texts.reduce((sum: number, text) => sum + countText(text), EVENT_TIME_BYTES);
}

/**
 * Adds the context to the text of a JSON object, whose own characters all stay as they are.
 *
 * @param room how many bytes may be added
 * @returns `undefined` where the text is no object, carries a context already, or has no room
 */
function addToJson(text: unknown, { traceparent, tracestate }: Carrier, room: number): string | undefined {
  const [, start, rest] = (typeof text === 'string' && /^(\s*\{\s*)([^]*)$/.exec(text)) || [];
  if (start === undefined || rest === undefined || rest.includes('"traceparent"')) return undefined;
  const own = toJson({
    traceparent,
    ...(tracestate && !rest.includes('"tracestate"') && { tracestate }),
  });
  const added = own.slice(1, -1) + (rest.startsWith('}') ? '' : ',');
  return countText(added) <= room ? start + added + rest : undefined;
}

/** The data of a record is anyone's: only what is a JSON object is one that the context can be added to. */
function addToRecord(record: Fields, carrier: Carrier, room: number): Fields {
  const { Data: data } = record;
  if (!(data instanceof Uint8Array) || data.byteLength > MAX_PARSED_BYTES || data[0] !== 0x7b) return record;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
    JSON.parse(text);
    const changed = addToJson(text, carrier, Math.min(room, MAX_RECORD_BYTES - countRecord(record)));
    return changed === undefined ? record : { ...record, Data: Buffer.from(changed) };
  } catch {
    return record;
  }
}

function countRecord({ Data: data, PartitionKey: key }: Fields): number {
  return (data instanceof Uint8Array ? data.byteLength : 0) + countText(key);
}

function addToClientContext(input: Fields, { traceparent, tracestate }: Carrier): Fields {
  const { ClientContext: given } = input;
  if (given !== undefined && typeof given !== 'string') return input;
  try {
    const text = given ? Buffer.from(given, 'base64').toString() : '{}';
    const client: unknown = JSON.parse(text);
    if (!isObject(client) || LONG_NUMBER.test(text)) return input;
    const { custom = {} } = client;
    if (!isObject(custom) || 'traceparent' in custom) return input;
    const encode = (added: Fields): string =>
      Buffer.from(toJson({ ...client, custom: { ...custom, ...added } })).toString('base64');
    const state = tracestate && !('tracestate' in custom) ? { tracestate } : {};
    const encoded = [encode({ traceparent, ...state }), encode({ traceparent })].find(
      (text) => text.length <= MAX_CLIENT_CONTEXT,
    );
    return encoded ? { ...input, ClientContext: encoded } : input;
  } catch {
    // Not JSON: its owner means something else by it.
    return input;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
