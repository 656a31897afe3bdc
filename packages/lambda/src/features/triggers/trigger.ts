import type { Attributes, Link, SpanContext, SpanKind } from '@opentelemetry/api';

/** What an event says about its invocation. */
export interface Trigger {
  /** The span's name; where there is none, the function's name is taken. */
  readonly name?: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** The caller's span, where one call or message alone is the cause. */
  readonly parent?: SpanContext | undefined;
  /** The spans that were causes together. */
  readonly links?: readonly Link[];
  /** The result is an HTTP response in the shape of API Gateway's payload format 2.0. */
  readonly answersHttp?: boolean;
}

/** An event that is an object. */
export type EventRecord = Readonly<Record<string, unknown>>;

/** Knows one kind of event; `undefined` for all others. May throw on hostile events: the caller guards. */
export type TriggerParser = (event: EventRecord) => Trigger | undefined;

/** The value as an object whose fields can be read, or an empty one. */
export function toRecord(value: unknown): EventRecord {
  return typeof value === 'object' && value !== null ? (value as EventRecord) : {};
}

/** The value if it is a text that is not empty. */
export function toText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
