import type { SpanKind, StatusCode } from '../../api/types.ts';
import type { EventRow, LinkRow, SpanRow } from '../../spanRow.ts';
import { MAX_AHEAD_MS, MAX_EVENTS, MAX_LINKS, MAX_NAME_CHARS, MAX_VALUE_CHARS } from './limits.ts';
import { cut, MalformedError, parseAttributes } from './parseAttributes.ts';
import type { Losses } from './parseAttributes.ts';

/** The moments between which a span may have started. */
export interface TimeWindow {
  readonly earliestUnixNano: bigint;
  readonly latestUnixNano: bigint;
}

/** OTLP's numbers; unspecified counts as internal, as the specification allows. */
const KINDS: readonly SpanKind[] = ['Internal', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUS_CODES: readonly StatusCode[] = ['Unset', 'Ok', 'Error'];
const NANO_PER_MS = 1_000_000n;
const MS_PER_DAY = 86_400_000;
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const ALL_ZERO = /^0+$/;
const UNSIGNED = /^\d{1,20}$/;
const NO_EVENTS: readonly EventRow[] = [];
const NO_LINKS: readonly LinkRow[] = [];

/**
 * Which start times are believed. A partition is one day and an insert may touch only so many, so that a
 * sender with a broken clock must not be able to spread its spans over all of time.
 */
export function toTimeWindow(nowUnixMs: number, maxAgeDays: number): TimeWindow {
  return {
    earliestUnixNano: BigInt(Math.trunc(nowUnixMs - maxAgeDays * MS_PER_DAY)) * NANO_PER_MS,
    latestUnixNano: BigInt(Math.trunc(nowUnixMs + MAX_AHEAD_MS)) * NANO_PER_MS,
  };
}

/**
 * Reads one OTLP `Span`.
 *
 * @throws MalformedError when it cannot be stored; the message tells the sender why
 */
export function parseSpan(value: unknown, window: TimeWindow, losses: Losses): SpanRow {
  if (typeof value !== 'object' || value === null) throw new MalformedError('a span must be an object');
  const span = value as Record<string, unknown>;
  const traceId = parseId(span['traceId'], TRACE_ID, 'traceId');
  const spanId = parseId(span['spanId'], SPAN_ID, 'spanId');
  const startUnixNano = parseTime(span['startTimeUnixNano'], 'startTimeUnixNano');
  const endUnixNano = parseTime(span['endTimeUnixNano'], 'endTimeUnixNano');
  if (startUnixNano === 0n) throw new MalformedError('startTimeUnixNano is missing');
  if (startUnixNano < window.earliestUnixNano) throw new MalformedError('the span is older than is kept');
  if (startUnixNano > window.latestUnixNano || endUnixNano > window.latestUnixNano) {
    throw new MalformedError('the span lies in the future');
  }
  const status = parseStatus(span['status'], losses);
  return {
    traceId,
    spanId,
    parentSpanId: parseOptionalId(span['parentSpanId'], SPAN_ID, 'parentSpanId'),
    traceState: parseText(span['traceState'], 'traceState', losses),
    name: parseText(span['name'], 'name', losses),
    kind: KINDS[parseEnum(span['kind'], 'kind')] ?? 'Internal',
    startUnixNano,
    // A clock that was set back while the span ran must not make it endless.
    durationNano: endUnixNano > startUnixNano ? endUnixNano - startUnixNano : 0n,
    statusCode: status.code,
    statusMessage: status.message,
    attributes: parseAttributes(span['attributes'], losses),
    events: parseEvents(span['events'], losses),
    links: parseLinks(span['links'], losses),
  };
}

/** Reads an optional list, no longer than allowed. */
export function parseList(value: unknown, name: string, maxItems: number, losses: Losses): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new MalformedError(`${name} must be an array`);
  if (value.length <= maxItems) return value;
  losses.droppedItems += value.length - maxItems;
  return value.slice(0, maxItems);
}

/** Reads an optional text. */
export function parseText(
  value: unknown,
  name: string,
  losses: Losses,
  maxChars: number = MAX_NAME_CHARS,
): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new MalformedError(`${name} must be a string`);
  return cut(value, maxChars, losses);
}

function parseEvents(value: unknown, losses: Losses): readonly EventRow[] {
  if (value === undefined) return NO_EVENTS;
  return parseList(value, 'events', MAX_EVENTS, losses).map((item) => {
    const event = (item ?? {}) as Record<string, unknown>;
    return {
      unixNano: clampTime(parseTime(event['timeUnixNano'], 'timeUnixNano')),
      name: parseText(event['name'], 'the name of an event', losses),
      attributes: parseAttributes(event['attributes'], losses),
    };
  });
}

function parseLinks(value: unknown, losses: Losses): readonly LinkRow[] {
  if (value === undefined) return NO_LINKS;
  return parseList(value, 'links', MAX_LINKS, losses).map((item) => {
    const link = (item ?? {}) as Record<string, unknown>;
    return {
      traceId: parseId(link['traceId'], TRACE_ID, 'the traceId of a link'),
      spanId: parseId(link['spanId'], SPAN_ID, 'the spanId of a link'),
      traceState: parseText(link['traceState'], 'traceState', losses),
      attributes: parseAttributes(link['attributes'], losses),
    };
  });
}

function parseStatus(value: unknown, losses: Losses): { code: StatusCode; message: string } {
  if (value === undefined || value === null) return { code: 'Unset', message: '' };
  if (typeof value !== 'object') throw new MalformedError('status must be an object');
  const { code, message } = value as { code?: unknown; message?: unknown };
  return {
    code: STATUS_CODES[parseEnum(code, 'the code of status')] ?? 'Unset',
    message: parseText(message, 'the message of status', losses, MAX_VALUE_CHARS),
  };
}

function parseEnum(value: unknown, name: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new MalformedError(`${name} must be an integer`);
  return value;
}

/** OTLP/JSON writes ids in hex of either case. */
function parseId(value: unknown, shape: RegExp, name: string): string {
  if (typeof value !== 'string') throw new MalformedError(`${name} must be a string`);
  const id = shape.test(value) ? value : value.toLowerCase();
  if (!shape.test(id) || ALL_ZERO.test(id)) throw new MalformedError(`${name} is not a valid id`);
  return id;
}

function parseOptionalId(value: unknown, shape: RegExp, name: string): string {
  if (value === undefined || value === null || value === '') return '';
  if (typeof value === 'string' && ALL_ZERO.test(value)) return '';
  return parseId(value, shape, name);
}

/** 64-bit times come as decimal strings, from some senders as numbers. */
function parseTime(value: unknown, name: string): bigint {
  if (typeof value === 'string' && UNSIGNED.test(value)) return BigInt(value);
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return BigInt(value);
  if (value === undefined || value === null) return 0n;
  throw new MalformedError(`${name} must be a decimal string of nanoseconds`);
}

/** The largest moment that the engine's DateTime64(9) can hold: an event's time is kept as far as that goes. */
const MAX_UNIX_NANO = 9_223_372_036_854_775_807n;

function clampTime(unixNano: bigint): bigint {
  return unixNano > MAX_UNIX_NANO ? MAX_UNIX_NANO : unixNano;
}
