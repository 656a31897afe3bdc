import { CLICKSPAN_TRIGGER, CLICKSPAN_TRIGGER_OPERATION, FAAS_TRIGGER } from '@clickspan/shared/attributes';
import type { Attributes, Link, SpanContext, SpanKind } from '@opentelemetry/api';

/**
 * How a function's result becomes an HTTP response: payload format 1.0 or 2.0 of API Gateway, a load balancer with single
 * or with multi-value headers, or the handshake of a WebSocket, whose headers nobody reads.
 */
export type HttpAnswer = 'v1' | 'v2' | 'alb' | 'albMultiValue' | 'webSocket';

/** What an event says about its invocation. */
export interface Trigger {
  /** The span's name; where there is none, the function's name is taken. */
  readonly name?: string | undefined;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** The caller's span, where one call or message alone is the cause. */
  readonly parent?: SpanContext | undefined;
  /** The parent came over the Internet: anybody may have written its flags. */
  readonly fromOutside?: boolean;
  /** The spans that were causes together. */
  readonly links?: readonly Link[];
  /** The result is an HTTP response. */
  readonly answer?: HttpAnswer;
  /** The result may give messages back as failed. */
  readonly batch?: boolean;
}

/** An event that is an object. */
export type EventRecord = Readonly<Record<string, unknown>>;

/** Knows one kind of event; `undefined` for all others. May throw on hostile events: the caller guards. */
export type TriggerParser = (event: EventRecord) => Trigger | undefined;

/** The values of `faas.trigger`. */
export type FaasTrigger = 'http' | 'pubsub' | 'datasource' | 'timer' | 'other';

/** No name of an operation is longer; what is, is no name. */
const MAX_OPERATION_LENGTH = 128;

/**
 * The attributes that tell what called the function.
 *
 * @param faas in the words of the conventions
 * @param source in ours, as `sqs`
 * @param operation which of the source's events it is
 */
export function describeTrigger(faas: FaasTrigger, source: string, operation?: string): Attributes {
  return {
    [FAAS_TRIGGER]: faas,
    [CLICKSPAN_TRIGGER]: source,
    [CLICKSPAN_TRIGGER_OPERATION]: operation?.slice(0, MAX_OPERATION_LENGTH),
  };
}

const EMPTY: EventRecord = {};

/** The value as an object whose fields can be read, or an empty one. */
export function toRecord(value: unknown): EventRecord {
  return typeof value === 'object' && value !== null ? (value as EventRecord) : EMPTY;
}

/** The value if it is a text that is not empty. */
export function toText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
