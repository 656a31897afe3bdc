import { isObject } from './platform/json.ts';
import type { JsonObject } from './platform/json.ts';

/** One condition on a value: the value itself, or an object such as `{ prefix: 'a' }`. */
type Condition = unknown;

/**
 * Tells whether a pattern can be read: objects whose leaves are lists of conditions that are known here.
 *
 * @param pattern as configured
 * @returns what is wrong with it; undefined when nothing is
 */
export function findPatternFault(pattern: unknown): string | undefined {
  if (!isObject(pattern) || Object.keys(pattern).length === 0)
    return 'a pattern must be an object with fields';
  for (const [name, conditions] of Object.entries(pattern)) {
    const fault = Array.isArray(conditions)
      ? findListFault(name, conditions)
      : isObject(conditions)
        ? findPatternFault(conditions)
        : 'conditions must be in a list';
    if (fault !== undefined) return fault.startsWith('"') ? fault : `"${name}": ${fault}`;
  }
  return undefined;
}

function findListFault(name: string, conditions: readonly Condition[]): string | undefined {
  if (conditions.length === 0) return 'a list of conditions must not be empty';
  for (const condition of conditions) {
    if (name === '$or') {
      const fault = findPatternFault(condition);
      if (fault !== undefined) return fault;
    } else if (isObject(condition)) {
      const kinds = Object.keys(condition);
      if (kinds.length !== 1 || !Object.hasOwn(MATCHERS, kinds[0]!))
        return `there is no condition ${JSON.stringify(condition)} here`;
    } else if (Array.isArray(condition)) return 'a condition must not be a list';
  }
  return undefined;
}

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

function toWildcard(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
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
