import type { TraceState } from '@opentelemetry/api';

/** A header's values as they came: one string per header line, in order; absent is `undefined`, `null` or `[]`. */
export type HeaderValues = string | readonly string[] | null | undefined;

const MAX_MEMBERS = 32;
/** What a propagator must at least be able to pass on; longer lists are shortened. */
const MAX_LENGTH = 512;
/** Members longer than this go first when the list must be shortened. */
const LONG_MEMBER = 128;

const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
/** Printable ASCII without comma and equals sign, not ending in a blank. */
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const BLANKS = /^[ \t]+|[ \t]+$/g;
/** A key, a value, and blanks around them: a member that is longer is none, and would take long to strip. */
const MAX_MEMBER_LENGTH = 1024;
/** As much as 32 members can hold. */
const MAX_HEADER_LENGTH = 16_640;

type Member = readonly [key: string, value: string];

/**
 * Reads `tracestate`.
 *
 * @param header the values of all `tracestate` headers, in order; members may be empty
 * @returns the list, leftmost (newest) first; `undefined` when there is none, or when any member is malformed or too long, since then
 *   the whole header must be dropped
 * @see https://www.w3.org/TR/trace-context-2/#tracestate-header
 */
export function parseTracestate(header: HeaderValues): TraceState | undefined {
  const members: Member[] = [];
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  if (text.length > MAX_HEADER_LENGTH) return undefined;
  for (const raw of text.split(',')) {
    if (raw.length > MAX_MEMBER_LENGTH) return undefined;
    const member = raw.replace(BLANKS, '');
    if (!member) continue;
    const equals = member.indexOf('=');
    const key = member.slice(0, equals);
    const value = member.slice(equals + 1);
    if (equals < 1 || !KEY.test(key) || !VALUE.test(value)) return undefined;
    if (!members.some(([known]) => known === key)) members.push([key, value]);
    if (members.length > MAX_MEMBERS) return undefined;
  }
  return members.length > 0 ? createTraceState(members) : undefined;
}

/**
 * An immutable `tracestate` list that implements the OpenTelemetry API's `TraceState`.
 *
 * @param members key and value pairs, newest first
 */
export function createTraceState(members: readonly Member[]): TraceState {
  const without = (key: string): Member[] => members.filter(([known]) => known !== key);
  return {
    get: (key) => members.find(([known]) => known === key)?.[1],
    set: (key, value) =>
      createTraceState(
        KEY.test(key) && VALUE.test(value)
          ? [[key, value] as const, ...without(key)].slice(0, MAX_MEMBERS)
          : members,
      ),
    unset: (key) => createTraceState(without(key)),
    serialize: () => serialize(members),
  };
}

/** Whole members only; when the list is too long, members of over 128 characters go first, then the oldest. */
function serialize(members: readonly Member[]): string {
  const texts = members.map(([key, value]) => `${key}=${value}`);
  const tooLong = (): boolean => texts.join(',').length > MAX_LENGTH;
  for (let i = texts.length - 1; i >= 0 && tooLong(); i--)
    if (texts[i]!.length > LONG_MEMBER) texts.splice(i, 1);
  while (tooLong()) texts.pop();
  return texts.join(',');
}
