import { SERVICE_NAME } from '@clickspan/shared/attributes';
import type { SpanGroup, SpanRow } from '../../spanRow.ts';
import { MAX_NAME_CHARS } from './limits.ts';
import { MalformedError, parseAttributes } from './parseAttributes.ts';
import type { Losses } from './parseAttributes.ts';
import { parseList, parseSpan, parseText } from './parseSpan.ts';
import type { TimeWindow } from './parseSpan.ts';

/** What an `ExportTraceServiceRequest` held. */
export type ParsedTraces =
  | {
      readonly status: 'parsed';
      readonly groups: readonly SpanGroup[];
      readonly accepted: number;
      readonly rejected: number;
      /** Why the first span was rejected; empty when none was. */
      readonly firstReason: string;
      readonly losses: Readonly<Losses>;
    }
  | { readonly status: 'malformed'; readonly reason: string };

/** The name that OpenTelemetry's SDKs use when nobody named the service. */
const UNKNOWN_SERVICE = 'unknown_service';
const ANY_NUMBER = Number.POSITIVE_INFINITY;

/**
 * Reads an OTLP/JSON `ExportTraceServiceRequest`.
 *
 * A document of the wrong shape is malformed as a whole; a bad span is left out and counted. A request in which
 * every span is bad is malformed too: to call that a success would help nobody.
 *
 * @param document untrusted, as `JSON.parse` gave it
 */
export function parseTraces(document: unknown, window: TimeWindow): ParsedTraces {
  const losses: Losses = { cutValues: 0, droppedItems: 0 };
  const tally = { accepted: 0, rejected: 0, firstReason: '' };
  const groups: SpanGroup[] = [];
  try {
    const root = objectOf(document, 'the document');
    for (const item of parseList(root['resourceSpans'], 'resourceSpans', ANY_NUMBER, losses)) {
      const resourceSpans = objectOf(item, 'an item of resourceSpans');
      const resource = parseResource(resourceSpans['resource'], losses);
      for (const inner of parseList(resourceSpans['scopeSpans'], 'scopeSpans', ANY_NUMBER, losses)) {
        const scopeSpans = objectOf(inner, 'an item of scopeSpans');
        const scope = objectOf(scopeSpans['scope'] ?? {}, 'scope');
        const group: SpanGroup = {
          service: resource.service,
          resource: resource.attributes,
          scopeName: parseText(scope['name'], 'the name of a scope', losses),
          scopeVersion: parseText(scope['version'], 'the version of a scope', losses),
          spans: parseSpans(scopeSpans['spans'], window, losses, tally),
        };
        if (group.spans.length > 0) groups.push(group);
      }
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { status: 'malformed', reason: error.message };
  }
  if (tally.rejected > 0 && tally.accepted === 0) return { status: 'malformed', reason: tally.firstReason };
  return { status: 'parsed', groups, losses, ...tally };
}

function parseSpans(
  value: unknown,
  window: TimeWindow,
  losses: Losses,
  tally: { accepted: number; rejected: number; firstReason: string },
): SpanRow[] {
  const spans: SpanRow[] = [];
  for (const item of parseList(value, 'spans', ANY_NUMBER, losses)) {
    try {
      spans.push(parseSpan(item, window, losses));
      tally.accepted++;
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      tally.rejected++;
      tally.firstReason ||= error.message;
    }
  }
  return spans;
}

function parseResource(value: unknown, losses: Losses): { service: string; attributes: string[] } {
  const attributes = parseAttributes(objectOf(value ?? {}, 'resource')['attributes'], losses);
  for (let i = 0; i < attributes.length; i += 2) {
    const name = attributes[i + 1];
    if (attributes[i] === SERVICE_NAME && name) return { service: name.slice(0, MAX_NAME_CHARS), attributes };
  }
  return { service: UNKNOWN_SERVICE, attributes };
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MalformedError(`${name} must be an object`);
  }
  return value as Record<string, unknown>;
}
