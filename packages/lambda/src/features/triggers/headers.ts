import { toRecord } from './trigger.ts';
import type { EventRecord } from './trigger.ts';

/** Gives the values of a header by its lower-case name, one for each line of the request that is known. */
export type HeaderReader = (name: string) => readonly string[];

/** A request has no more; what comes after is not looked at. */
const MAX_HEADERS = 256;
const NONE: readonly string[] = [];

/**
 * Reads the headers of a REST API or a load balancer, which come as the client wrote them, in any case. Where the event
 * has all values of a header (`multiValueHeaders`) those count: `headers` holds the last one alone, so a second
 * `traceparent` would not be noticed.
 *
 * @param event with `headers`, `multiValueHeaders`, or both
 */
export function createHeaderReader(event: EventRecord): HeaderReader {
  const all = collect(event['multiValueHeaders']);
  let last: Map<string, string[]> | undefined;
  return (name) => all.get(name) ?? (last ??= collect(event['headers'])).get(name) ?? NONE;
}

function collect(headers: unknown): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const fields = toRecord(headers);
  for (const key of Object.keys(fields).slice(0, MAX_HEADERS)) {
    const value = fields[key];
    const texts = (Array.isArray(value) ? (value as unknown[]) : [value]).filter(
      (text) => typeof text === 'string' && text !== '',
    ) as string[];
    if (texts.length === 0) continue;
    const name = key.toLowerCase();
    const before = found.get(name);
    // Names that differ in case alone are one header, sent twice.
    if (before) before.push(...texts);
    else found.set(name, texts);
  }
  return found;
}
