import { isIP } from 'node:net';
import { isObject } from './json.ts';

// The rules of AWS's own library for patterns, aws/event-ruler (JsonRuleCompiler.java, WildcardParser.java,
// ComparableNumber.java), with what the EventBridge user guide allows beyond it: lists in the conditions of anything-but.

/** What is wrong with a value; undefined when nothing is. */
type FindFault = (value: unknown) => string | undefined;

/** "Numeric matching is limited to values between -5.0e9 and +5.0e9 inclusive." */
const LARGEST_NUMBER = 5e9;
/** What no field may be called within `$or`, as it could be a condition there (Constants.java). */
const RESERVED_IN_OR: ReadonlySet<string> = new Set(
  [
    'exactly equals-ignore-case prefix suffix anything-but exists wildcard numeric cidr',
    '= < <= > >= regex not-wildcard not-equals-ignore-case',
    'date-after date-on-or-after date-before date-on-or-before in-date-range',
    'ip-address-in-range ip-address-not-in-range',
  ].flatMap((names) => names.split(' ')),
);

/**
 * Tells whether AWS would take a pattern: objects whose leaves are lists of values and conditions.
 *
 * @param pattern as configured
 * @returns what is wrong with it; undefined when nothing is
 */
export function findPatternFault(pattern: unknown): string | undefined {
  return findObjectFault(pattern, false);
}

function findObjectFault(pattern: unknown, isInOr: boolean): string | undefined {
  if (!isObject(pattern) || Object.keys(pattern).length === 0)
    return 'a pattern must be an object with fields';
  for (const [name, value] of Object.entries(pattern)) {
    const fault = findFieldFault(name, value, isInOr);
    if (fault !== undefined) return fault.startsWith('"') ? fault : `"${name}": ${fault}`;
  }
  return undefined;
}

function findFieldFault(name: string, value: unknown, isInOr: boolean): string | undefined {
  if (name === '$or') return findOrFault(value);
  if (isInOr && RESERVED_IN_OR.has(name)) return 'no field may be called so within $or';
  if (isObject(value)) return findObjectFault(value, isInOr);
  if (!Array.isArray(value)) return 'conditions must be in a list';
  if (value.length === 0) return 'a list of conditions must not be empty';
  return firstFault(value, findConditionFault);
}

function findOrFault(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length < 2) return 'must be a list of at least two patterns';
  return firstFault(value, (pattern) => findObjectFault(pattern, true));
}

function findConditionFault(condition: unknown): string | undefined {
  if (Array.isArray(condition)) return 'a condition must not be a list';
  if (!isObject(condition)) return undefined;
  const [kind, ...others] = Object.keys(condition);
  if (kind === undefined || others.length > 0 || !Object.hasOwn(CONDITIONS, kind))
    return `there is no condition ${JSON.stringify(condition)} here`;
  const fault = CONDITIONS[kind]!(condition[kind]);
  return fault === undefined ? undefined : `${kind} ${fault}`;
}

const findTextFault: FindFault = (value) => (typeof value === 'string' ? undefined : 'must be a text');

/** A text, or `{ "equals-ignore-case": … }` around one. */
const findAffixFault: FindFault = (value) =>
  isObject(value) ? findNestedFault(value, { 'equals-ignore-case': findTextFault }) : findTextFault(value);

const findWildcardFault: FindFault = (value) => {
  if (typeof value !== 'string') return 'must be a text';
  const withoutEscaped = value.replaceAll(/\\[*\\]/g, ' ');
  if (withoutEscaped.includes('\\')) return 'knows no \\ but before * and \\';
  return withoutEscaped.includes('**') ? 'knows no two * in a row' : undefined;
};

const findNumberFault: FindFault = (value) =>
  typeof value === 'number' && Math.abs(value) <= LARGEST_NUMBER
    ? undefined
    : `must have numbers from -5e9 to 5e9, not ${JSON.stringify(value)}`;

/** One comparison, or a range from a lower to an upper bound. */
const findRangeFault: FindFault = (value) => {
  if (!Array.isArray(value)) return 'must be a list such as [">", 0, "<=", 5]';
  const [comparison, bound, upper, top, ...others] = value as readonly unknown[];
  const isLower = comparison === '>' || comparison === '>=';
  if (!isLower && comparison !== '<' && comparison !== '<=' && comparison !== '=')
    return `knows no comparison ${JSON.stringify(comparison)}`;
  const fault = findNumberFault(bound);
  if (fault !== undefined || value.length === 2) return fault;
  if (!isLower || (upper !== '<' && upper !== '<=') || others.length > 0)
    return 'must be one comparison, or a lower bound and an upper one';
  return (
    findNumberFault(top) ??
    (Number(bound) < Number(top) ? undefined : 'must have its lower bound below the upper')
  );
};

const findAddressRangeFault: FindFault = (value) => {
  const [, address = '', bits] = (typeof value === 'string' && /^([^/]+)\/(\d{1,3})$/.exec(value)) || [];
  const mostBits = { 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return Number(bits) <= mostBits ? undefined : 'must be a range of addresses such as 10.0.0.0/24';
};

const findAnythingButFault: FindFault = (value) => {
  if (isObject(value)) return findNestedFault(value, NESTED);
  if (typeof value === 'string') return undefined;
  if (typeof value === 'number') return findNumberFault(value);
  const values: readonly unknown[] = Array.isArray(value) ? value : [];
  if (values.length > 0 && values.every((one) => typeof one === 'string')) return undefined;
  return values.length > 0 && values.every((one) => typeof one === 'number')
    ? firstFault(values, findNumberFault)
    : 'must have texts alone or numbers alone';
};

/** One value, or a list of them. */
const forOneOrMore =
  (findFault: FindFault): FindFault =>
  (value) =>
    Array.isArray(value) && value.length > 0 ? firstFault(value, findFault) : findFault(value);

const findSomeTextFault: FindFault = (value) =>
  findTextFault(value) ?? (value === '' ? 'must not be empty' : undefined);

const NESTED: Readonly<Record<string, FindFault>> = {
  prefix: forOneOrMore(findSomeTextFault),
  suffix: forOneOrMore(findSomeTextFault),
  wildcard: forOneOrMore(findWildcardFault),
  'equals-ignore-case': forOneOrMore(findTextFault),
};

const CONDITIONS: Readonly<Record<string, FindFault>> = {
  exists: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  prefix: findAffixFault,
  suffix: findAffixFault,
  'equals-ignore-case': findTextFault,
  wildcard: findWildcardFault,
  numeric: findRangeFault,
  cidr: findAddressRangeFault,
  'anything-but': findAnythingButFault,
};

function findNestedFault(
  value: Readonly<Record<string, unknown>>,
  kinds: Readonly<Record<string, FindFault>>,
): string | undefined {
  const [kind, ...others] = Object.keys(value);
  if (kind === undefined || others.length > 0 || !Object.hasOwn(kinds, kind))
    return `knows no ${JSON.stringify(value)}`;
  return kinds[kind]!(value[kind]);
}

function firstFault(values: readonly unknown[], findFault: FindFault): string | undefined {
  return values.map(findFault).find((fault) => fault !== undefined);
}
