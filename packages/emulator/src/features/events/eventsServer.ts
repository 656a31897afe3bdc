import { randomUUID } from 'node:crypto';
import { AwsJsonError, answerAwsJson } from '../../platform/awsJson.ts';
import type { AwsJsonCall } from '../../platform/awsJson.ts';
import type { Clock } from '../../platform/clock.ts';
import { isObject } from '../../platform/json.ts';
import type { JsonObject } from '../../platform/json.ts';
import { startLoopbackServer } from '../../platform/loopbackServer.ts';
import { toBusEvent } from './busEvent.ts';
import type { BusEvent } from './busEvent.ts';

export interface EventsServerOptions {
  readonly port: number;
  readonly account: { readonly region: string; readonly accountId: string };
  readonly clock: Clock;
  /** Gets each event with the name of its bus and its trace header; of an unknown bus it does nothing. */
  readonly onEvent: (busName: string, event: BusEvent, traceHeader: string | undefined) => void;
}

/** The stand-in for EventBridge, listening. */
export interface EventsServer {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** All entries together ("Calculating PutEvents event entry size"). */
const MAX_ENTRIES_BYTES = 262_144;
const MAX_ENTRIES = 10;
/** The entries as JSON within JSON, with room to be told politely that they were too much. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const TIME_BYTES = 14;

/**
 * Starts the stand-in: `AWSEvents.PutEvents` of AWS JSON 1.1.
 *
 * @param options account, clock, and whom to tell
 */
export async function startEventsServer(options: EventsServerOptions): Promise<EventsServer> {
  const run = (call: AwsJsonCall): unknown => {
    if (call.action !== 'PutEvents')
      throw new AwsJsonError(
        'UnknownOperationException',
        `The stand-in for EventBridge does not know ${call.action}.`,
      );
    return putEvents(call, options);
  };
  const server = await startLoopbackServer((request, response) => {
    answerAwsJson(request, response, { targetPrefix: 'AWSEvents', maxBytes: MAX_BODY_BYTES, run }).catch(() =>
      response.destroy(),
    );
  }, options.port);
  return { endpoint: `http://${server.authority}`, stop: () => server.stop() };
}

/** One entry that is refused does not spoil the others. */
function putEvents(call: AwsJsonCall, options: EventsServerOptions): unknown {
  const entries = parseEntries(call.parameters);
  const results = entries.map((entry) => {
    const id = randomUUID();
    const event = toBusEvent(entry, { id, account: options.account, nowUnixMs: options.clock() });
    if ('ErrorCode' in event) return event;
    const { TraceHeader: own } = entry;
    options.onEvent(
      toBusName(entry['EventBusName']),
      event,
      typeof own === 'string' ? own : call.traceHeader,
    );
    return { EventId: id };
  });
  const failed = results.filter((result) => 'ErrorCode' in result);
  return { FailedEntryCount: failed.length, Entries: results };
}

function parseEntries(parameters: JsonObject): readonly JsonObject[] {
  const entries = parameters['Entries'];
  const count = Array.isArray(entries) ? entries.length : 0;
  if (!Array.isArray(entries) || count === 0 || count > MAX_ENTRIES)
    throw new AwsJsonError(
      'ValidationException',
      `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length ${count === 0 ? 'greater than or equal to 1' : 'less than or equal to 10'}`,
    );
  const parsed = entries.map((entry) => (isObject(entry) ? entry : {}));
  if (parsed.reduce((sum, entry) => sum + sizeOf(entry), 0) > MAX_ENTRIES_BYTES)
    throw new AwsJsonError(
      'ValidationException',
      'Total size of the entries in the request is over the limit.',
    );
  return parsed;
}

function sizeOf(entry: JsonObject): number {
  const { Resources: resources } = entry;
  const texts = [
    entry['Source'],
    entry['DetailType'],
    entry['Detail'],
    ...(Array.isArray(resources) ? resources : []),
  ];
  const time = entry['Time'] === undefined ? 0 : TIME_BYTES;
  return texts.reduce(
    (sum: number, text) => sum + (typeof text === 'string' ? Buffer.byteLength(text) : 0),
    time,
  );
}

/** By name or by ARN. */
function toBusName(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value.slice(value.lastIndexOf('/') + 1) : 'default';
}
