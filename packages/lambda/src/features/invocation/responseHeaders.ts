import type { HttpAnswer } from '../../model/trigger.ts';

type Fields = Readonly<Record<string, unknown>>;
type Place = 'headers' | 'multiValueHeaders';

/** Function URLs take no more headers. */
const MAX_HEADERS = 95;
/** API Gateway takes no more than 10,240 bytes of headers, of which ours may be some hundreds. */
const MAX_HEADER_CHARACTERS = 8_000;
const EXPOSED = 'Server-Timing';
/** The types of values that are written as headers. */
const PLAIN: ReadonlySet<string> = new Set(['string', 'number', 'boolean']);

/** Where each kind of answer may have headers; the first is taken where the function uses neither. */
const PLACES: Readonly<Record<HttpAnswer, readonly Place[]>> = {
  v1: ['headers', 'multiValueHeaders'],
  v2: ['headers'],
  alb: ['headers'],
  albMultiValue: ['multiValueHeaders'],
  webSocket: [],
};

/**
 * Adds a `Server-Timing` value to a response, behind one that is there, and, where the function itself lets pages of
 * another origin read the response, what lets them read this as well. A function may give headers as texts, as lists, or
 * both; ours stand where the function's own of the same name do, else among those that it uses.
 *
 * @param fields of the response, as a copy: they get headers of their own; what they had stays as it is
 * @param value the header's value; not empty
 * @returns whether it was added; not where the response is unusual, or its headers reach a limit
 */
export function appendTiming(fields: Record<string, unknown>, value: string, answer: HttpAnswer): boolean {
  const places = PLACES[answer].filter((place) => fields[place] != null);
  // The function gives its headers where they are not read for this answer; what comes of that is its own affair.
  if (places.length === 0 && (fields['headers'] ?? fields['multiValueHeaders']) != null) return false;
  const home = places[0] ?? PLACES[answer][0];
  if (!home) return false;
  const known = new Map<Place, Record<string, unknown>>();
  let characters = 0;
  for (const place of places.length > 0 ? places : [home]) {
    const headers = fields[place] ?? {};
    if (typeof headers !== 'object' || Array.isArray(headers)) return false;
    if (typeof (headers as Fields)['toJSON'] === 'function') return false;
    const copy: Record<string, unknown> = { ...headers };
    const names = Object.keys(copy);
    if (names.length > MAX_HEADERS) return false;
    for (const name of names) characters += name.length + (toTexts(copy[name])?.length ?? 0);
    known.set(place, copy);
  }
  if (characters > MAX_HEADER_CHARACTERS) return false;
  write(createHeaders(known, home), value);
  for (const [place, headers] of known) fields[place] = headers;
  return true;
}

/** The headers of one response. */
interface Headers {
  readonly read: (name: string) => string | undefined;
  readonly append: (name: string, item: string) => void;
}

function write({ read, append }: Headers, value: string): void {
  append('server-timing', value);
  const allowedOrigin = read('access-control-allow-origin');
  if (!allowedOrigin) return;
  const withCredentials = read('access-control-allow-credentials') === 'true';
  if (!lists(read('access-control-expose-headers'), EXPOSED, !withCredentials))
    append('access-control-expose-headers', EXPOSED);
  if (!lists(read('timing-allow-origin'), allowedOrigin, true)) append('timing-allow-origin', allowedOrigin);
}

function createHeaders(known: ReadonlyMap<Place, Record<string, unknown>>, home: Place): Headers {
  /** Where a header stands; of two places the lists, which a REST API lets win. */
  const find = (name: string): { place: Place; key: string } => {
    for (const place of ['multiValueHeaders', 'headers'] as const)
      for (const key of Object.keys(known.get(place) ?? {}))
        if (key.toLowerCase() === name) return { place, key };
    return { place: home, key: name };
  };
  return {
    read(name) {
      const { place, key } = find(name);
      return toTexts(known.get(place)?.[key]);
    },
    append(name, item) {
      const { place, key } = find(name);
      const headers = known.get(place)!;
      const before = headers[key];
      if (place === 'multiValueHeaders') {
        if (before === undefined) headers[key] = [item];
        else if (Array.isArray(before)) headers[key] = [...(before as unknown[]), item];
      } else if (before === undefined || before === '') headers[key] = item;
      else if (typeof before === 'string') headers[key] = `${before}, ${item}`;
    },
  };
}

/** A header's value, or its values as one; they can be given as numbers and booleans too. */
function toTexts(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const texts = (Array.isArray(value) ? (value as unknown[]) : [value]).filter((item) =>
    PLAIN.has(typeof item),
  );
  return texts.length > 0 ? texts.join(', ') : undefined;
}

/** Whether a header's list has an item, or a `*` that stands for all. */
function lists(header: string | undefined, item: string, star: boolean): boolean {
  const items = (header ?? '').split(',').map((text) => text.trim().toLowerCase());
  return items.includes(item.toLowerCase()) || (star && items.includes('*'));
}
