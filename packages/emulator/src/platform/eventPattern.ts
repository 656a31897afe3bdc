import { BlockList, isIP, isIPv6 } from 'node:net';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';

/** One condition on a value: the value itself, or an object such as `{ prefix: 'a' }`. */
type Condition = unknown;

/**
 * Matches an event against a pattern of EventBridge's language, which SNS's filter policies share: every field of the
 * pattern must be met by one of its conditions; a list in the event meets a condition when one of its members does.
 *
 * @param pattern a pattern without faults
 * @param event the event
 */
export function matchesPattern(pattern: JsonObject, event: unknown): boolean {
  return Object.entries(pattern).every(([name, conditions]) => {
    if (name === '$or' && Array.isArray(conditions))
      return conditions.some((other) => isObject(other) && matchesPattern(other, event));
    const value = isObject(event) && Object.hasOwn(event, name) ? event[name] : undefined;
    if (!Array.isArray(conditions)) return isObject(conditions) && matchesNested(conditions, value);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return conditions.some((condition) => meets(condition, value, values));
  });
}

function matchesNested(pattern: JsonObject, value: unknown): boolean {
  return Array.isArray(value)
    ? value.some((member) => matchesPattern(pattern, member))
    : matchesPattern(pattern, value);
}

function meets(condition: Condition, value: unknown, values: readonly unknown[]): boolean {
  if (!isObject(condition)) return values.includes(condition);
  const [kind, argument] = Object.entries(condition)[0]!;
  // Only leaves exist: an object is none.
  if (kind === 'exists') return (value !== undefined && !isObject(value)) === (argument === true);
  if (value === undefined) return false;
  const matcher = MATCHERS[kind];
  // Every member must differ, where for all else one that meets is enough.
  if (kind === 'anything-but') return values.length > 0 && values.every((one) => matcher?.(argument, one));
  return values.some((one) => matcher?.(argument, one) ?? false);
}

type Matcher = (argument: unknown, value: unknown) => boolean;

const MATCHERS: Readonly<Record<string, Matcher>> = {
  exists: () => true,
  prefix: (argument, value) => affixes(argument, value, (text, affix) => text.startsWith(affix)),
  suffix: (argument, value) => affixes(argument, value, (text, affix) => text.endsWith(affix)),
  'equals-ignore-case': (argument, value) =>
    typeof argument === 'string' &&
    typeof value === 'string' &&
    value.toLowerCase() === argument.toLowerCase(),
  wildcard: (argument, value) =>
    typeof argument === 'string' && typeof value === 'string' && toWildcard(argument).test(value),
  cidr: (argument, value) =>
    typeof argument === 'string' && typeof value === 'string' && isInRange(argument, value),
  numeric: (argument, value) => Array.isArray(argument) && isWithin(argument, value),
  'anything-but': (argument, value) => {
    if (isObject(argument)) {
      const [kind, nested] = Object.entries(argument)[0] ?? [];
      const arguments_: readonly unknown[] = Array.isArray(nested) ? nested : [nested];
      return !arguments_.some((one) => MATCHERS[kind ?? '']?.(one, value));
    }
    return Array.isArray(argument) ? !argument.includes(value) : value !== argument;
  },
};

function affixes(argument: unknown, value: unknown, has: (text: string, affix: string) => boolean): boolean {
  if (typeof value !== 'string') return false;
  if (typeof argument === 'string') return has(value, argument);
  const ignored = isObject(argument) ? argument['equals-ignore-case'] : undefined;
  return typeof ignored === 'string' && has(value.toLowerCase(), ignored.toLowerCase());
}

/** A star stands for anything, but not behind a backslash. */
function toWildcard(text: string): RegExp {
  const parts = text.match(/\\[*\\]|[^]/gu) ?? [];
  return new RegExp(`^${parts.map((part) => (part === '*' ? '.*' : toLiteral(part))).join('')}$`, 'su');
}

function toLiteral(part: string): string {
  return `\\u{${part.codePointAt(part === '\\*' || part === '\\\\' ? 1 : 0)!.toString(16)}}`;
}

function isInRange(range: string, address: string): boolean {
  if (isIP(address) === 0) return false;
  const [network = '', bits] = range.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4');
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Pairs of comparison and bound, `['>', 0, '<=', 5]`. */
function isWithin(bounds: readonly unknown[], value: unknown): boolean {
  if (typeof value !== 'number') return false;
  for (let at = 0; at + 1 < bounds.length; at += 2) {
    const bound = Number(bounds[at + 1]);
    const isMet =
      {
        '=': value === bound,
        '<': value < bound,
        '<=': value <= bound,
        '>': value > bound,
        '>=': value >= bound,
      }[String(bounds[at])] ?? false;
    if (!isMet) return false;
  }
  return true;
}
