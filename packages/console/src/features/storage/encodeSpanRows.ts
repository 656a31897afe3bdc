import type { EventRow, LinkRow, SpanGroup } from '../../spanRow.ts';
import { RowBuffer } from './rowBuffer.ts';
import { SPAN_TABLE } from './schema.ts';

/** Rows in the engine's own bytes, ready to be joined with others. */
export interface EncodedRows {
  readonly bytes: Uint8Array;
  readonly rowCount: number;
}

/** What encoding may take. */
export interface EncodingLimits {
  /** About how many bytes it will take; a bad guess costs a copy. */
  readonly sizeHintBytes: number;
  /**
   * Where it stops: each row repeats its resource, so that the rows of a small request can be very many times as large
   * as the request.
   */
  readonly maxBytes: number;
}

/** The statement whose body `encodeSpanRows` writes; the columns stand in the order of the bytes. */
export const INSERT_SPANS: string = `INSERT INTO ${SPAN_TABLE} (
  Timestamp, Duration, TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, StatusCode, StatusMessage,
  SpanAttributes, Events.Timestamp, Events.Name, Events.Attributes,
  Links.TraceId, Links.SpanId, Links.TraceState, Links.Attributes,
  ServiceName, ResourceAttributes, ScopeName, ScopeVersion
) FORMAT RowBinary`.replaceAll(/\s+/g, ' ');

const RESOURCE_BYTES = 1_024;

/**
 * Encodes spans for `INSERT_SPANS`.
 *
 * @returns `undefined` when the rows would take more than `maxBytes`
 */
export function encodeSpanRows(
  groups: readonly SpanGroup[],
  limits: EncodingLimits,
): EncodedRows | undefined {
  const rows = new RowBuffer(limits.sizeHintBytes);
  let rowCount = 0;
  for (const group of groups) {
    // Equal for all spans of the group: encoded once, copied for each.
    const shared = new RowBuffer(RESOURCE_BYTES);
    shared.string(group.service);
    shared.map(group.resource);
    shared.string(group.scopeName);
    shared.string(group.scopeVersion);
    const sharedBytes = shared.toBytes();
    for (const span of group.spans) {
      rows.int64(span.startUnixNano);
      rows.int64(span.durationNano);
      rows.string(span.traceId);
      rows.string(span.spanId);
      rows.string(span.parentSpanId);
      rows.string(span.traceState);
      rows.string(span.name);
      rows.string(span.kind);
      rows.string(span.statusCode);
      rows.string(span.statusMessage);
      rows.map(span.attributes);
      encodeEvents(rows, span.events);
      encodeLinks(rows, span.links);
      rows.raw(sharedBytes);
      rowCount++;
      if (rows.length > limits.maxBytes) return undefined;
    }
  }
  return { bytes: rows.toBytes(), rowCount };
}

/** A Nested column is one array for each of its fields. */
function encodeEvents(rows: RowBuffer, events: readonly EventRow[]): void {
  rows.varint(events.length);
  for (const event of events) rows.int64(event.unixNano);
  rows.varint(events.length);
  for (const event of events) rows.string(event.name);
  rows.varint(events.length);
  for (const event of events) rows.map(event.attributes);
}

function encodeLinks(rows: RowBuffer, links: readonly LinkRow[]): void {
  rows.varint(links.length);
  for (const link of links) rows.string(link.traceId);
  rows.varint(links.length);
  for (const link of links) rows.string(link.spanId);
  rows.varint(links.length);
  for (const link of links) rows.string(link.traceState);
  rows.varint(links.length);
  for (const link of links) rows.map(link.attributes);
}
