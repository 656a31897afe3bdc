import { extractTraceContext } from '@clickspan/shared/traceContext';
import type { SpanContext } from '@opentelemetry/api';
import { parseXrayHeader } from '../../platform/xrayHeader.ts';
import { toRecord, toText } from './trigger.ts';

/** Bodies are parsed only up to this length: the function is waiting. */
const MAX_BODY_CHARACTERS = 65_536;

/**
 * The context that a sender wrote into an object of its own, as its fields `traceparent` and `tracestate`.
 *
 * @param carrier anything
 */
export function readCarrier(carrier: unknown): SpanContext | undefined {
  const fields = toRecord(carrier);
  return extractTraceContext((name) => toText(fields[name]));
}

/**
 * The context that a sender gave to a message as its attributes.
 *
 * @param attributes of the message, by name
 * @param valueField where an attribute holds its text: `stringValue` of SQS, `Value` of SNS
 */
export function readAttributes(attributes: unknown, valueField: string): SpanContext | undefined {
  const known = toRecord(attributes);
  return extractTraceContext((name) => toText(toRecord(known[name])[valueField]));
}

/**
 * The context of an event of EventBridge: what its sender wrote into the detail, which is the only part that is the
 * sender's own; then an X-Ray header, which EventBridge itself leaves out of what it delivers and a target's input
 * template can put back.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
 */
export function readEventBridgeEvent(event: unknown): SpanContext | undefined {
  const fields = toRecord(event);
  return readCarrier(fields['detail']) ?? parseXrayHeader(toText(fields['trace-header']));
}

/**
 * The context within a message's body, where the body is the envelope of the service that handed the message on: a
 * notification of SNS, an event of EventBridge, or one in the other. A body that is the sender's own is not looked into.
 *
 * @param body as it came
 */
export function readEnvelope(body: unknown): SpanContext | undefined {
  const fields = toRecord(parseObject(body));
  if ('detail-type' in fields) return readEventBridgeEvent(fields);
  if (fields['Type'] !== 'Notification') return undefined;
  return readAttributes(fields['MessageAttributes'], 'Value') ?? readEnvelope(fields['Message']);
}

/** Parses a text as a JSON object, if it is short and can hold a context at all. */
export function parseObject(text: unknown): unknown {
  if (typeof text !== 'string' || text.length > MAX_BODY_CHARACTERS) return undefined;
  if (!text.startsWith('{') || !/traceparent|trace-header/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
