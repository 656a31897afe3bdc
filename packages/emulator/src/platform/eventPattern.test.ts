import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesPattern } from './eventPattern.ts';
import { findPatternFault } from './eventPatternFaults.ts';

// Sources, in https://docs.aws.amazon.com/
// [pattern] eventbridge/latest/userguide/eb-event-patterns.html
// [operators] eventbridge/latest/userguide/eb-create-pattern-operators.html
// [ruler] AWS's own library for patterns, github.com/aws/event-ruler at 0590ad32: JsonRuleCompiler.java, WildcardParser.java

const EVENT = {
  source: 'shop.orders',
  'detail-type': 'Order Placed',
  resources: ['arn:1', 'arn:2'],
  detail: {
    from: '10.0.0.7',
    from6: '2001:db8::1',
    id: 'A-7',
    total: 42,
    gift: false,
    note: null,
    tags: [],
    lines: [{ sku: 'x' }, { sku: 'y' }],
  },
};

describe('a pattern', () => {
  it.each<[boolean, string, Record<string, unknown>]>([
    [true, 'one of several values', { source: ['shop.other', 'shop.orders'] }],
    [false, 'none of several values', { source: ['shop.other'] }],
    [
      false,
      'one field that does and one that does not',
      { source: ['shop.orders'], 'detail-type': ['Other'] },
    ],
    [true, 'a nested field', { detail: { id: ['A-7'] } }],
    [
      true,
      'a number, a boolean and null as themselves',
      { detail: { total: [42], gift: [false], note: [null] } },
    ],
    [false, 'a number by its text', { detail: { total: ['42'] } }],
    [false, 'a field that is not there', { detail: { missing: [null] } }],
    [true, 'any member of a list', { resources: ['arn:2'] }],
    [true, 'any object of a list', { detail: { lines: { sku: ['y'] } } }],
    [true, 'a prefix', { detail: { id: [{ prefix: 'A-' }] } }],
    [false, 'a prefix in other case', { detail: { id: [{ prefix: 'a-' }] } }],
    [true, 'a prefix whatever its case', { detail: { id: [{ prefix: { 'equals-ignore-case': 'a-' } }] } }],
    [true, 'a suffix', { detail: { id: [{ suffix: '7' }] } }],
    [true, 'a value whatever its case', { source: [{ 'equals-ignore-case': 'SHOP.ORDERS' }] }],
    [true, 'a wildcard', { source: [{ wildcard: 'sh*.ord*' }] }],
    [false, 'a wildcard that must not mean any character', { source: [{ wildcard: 'shopXorders' }] }],
    [true, 'anything but a value', { source: [{ 'anything-but': 'x' }] }],
    [false, 'anything but one of several', { source: [{ 'anything-but': ['x', 'shop.orders'] }] }],
    [false, 'anything but a prefix', { source: [{ 'anything-but': { prefix: 'shop' } }] }],
    [true, 'anything but another prefix', { source: [{ 'anything-but': { prefix: ['a', 'b'] } }] }],
    [false, 'anything but, of a field that is not there', { detail: { missing: [{ 'anything-but': 'x' }] } }],
    [true, 'a field that exists', { detail: { note: [{ exists: true }] } }],
    [false, 'a field that must not exist', { detail: { id: [{ exists: false }] } }],
    [true, 'a field that must not exist and does not', { detail: { missing: [{ exists: false }] } }],
    [false, 'an object: only leaves exist', { detail: [{ exists: true }] }],
    [true, 'a range', { detail: { total: [{ numeric: ['>', 41, '<=', 42] }] } }],
    [false, 'a range that is left', { detail: { total: [{ numeric: ['<', 42] }] } }],
    [true, 'a star for anything', { source: [{ wildcard: 's*.ord*s' }] }],
    [false, 'a star behind a backslash, which is one', { source: [{ wildcard: 's\\*' }] }],
    [true, 'an address in a range', { detail: { from: [{ cidr: '10.0.0.0/24' }] } }],
    [false, 'an address beside a range', { detail: { from: [{ cidr: '10.0.1.0/24' }] } }],
    [true, 'an address of six in a range', { detail: { from6: [{ cidr: '2001:db8::/32' }] } }],
    [false, 'no address at all', { detail: { id: [{ cidr: '10.0.0.0/24' }] } }],
    [true, 'anything but several prefixes', { source: [{ 'anything-but': { prefix: ['a', 'b'] } }] }],
    [true, 'one of several patterns', { $or: [{ source: ['x'] }, { detail: { id: ['A-7'] } }] }],
    [false, 'none of several patterns', { $or: [{ source: ['x'] }, { detail: { id: ['B'] } }] }],
  ])('is %s for %s [operators]', (expected, _, pattern) => {
    expect(findPatternFault(pattern)).toBeUndefined();
    expect(matchesPattern(pattern, EVENT)).toBe(expected);
  });

  it('without faults never throws, whatever the event', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (pattern, event) => {
        if (findPatternFault(pattern) !== undefined) return;
        expect(typeof matchesPattern(pattern as Record<string, unknown>, event)).toBe('boolean');
      }),
    );
  });

  it('made of the leaves of a flat event is met by it', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), leaf, { minKeys: 1 }), (event) => {
        fc.pre(!Object.hasOwn(event, '$or'));
        const pattern = Object.fromEntries(Object.entries(event).map(([name, value]) => [name, [value]]));
        expect(matchesPattern(pattern, event)).toBe(true);
      }),
    );
  });

  it.each<[unknown, string]>([
    [{}, 'a pattern must be an object with fields'],
    ['text', 'a pattern must be an object with fields'],
    [{ source: 'shop' }, '"source": conditions must be in a list'],
    [{ source: [] }, '"source": a list of conditions must not be empty'],
    [{ detail: { id: [{ regex: 'a' }] } }, '"id": there is no condition {"regex":"a"} here'],
    [{ detail: { id: [['a']] } }, '"id": a condition must not be a list'],
    [{ $or: [{ source: 'x' }, {}] }, '"source": conditions must be in a list'],
    [{ $or: [{ source: ['x'] }] }, '"$or": must be a list of at least two patterns'],
    [{ $or: { source: ['x'] } }, '"$or": must be a list of at least two patterns'],
    [{ $or: [{ a: ['x'] }, { prefix: ['x'] }] }, '"prefix": no field may be called so within $or'],
    [{ a: [{ exists: 1 }] }, '"a": exists must be true or false'],
    [{ a: [{ prefix: 5 }] }, '"a": prefix must be a text'],
    [{ a: [{ suffix: { prefix: 'x' } }] }, '"a": suffix knows no {"prefix":"x"}'],
    [{ a: [{ 'equals-ignore-case': ['x'] }] }, '"a": equals-ignore-case must be a text'],
    [{ a: [{ wildcard: 'a**' }] }, '"a": wildcard knows no two * in a row'],
    [{ a: [{ wildcard: 'a\\b' }] }, '"a": wildcard knows no \\ but before * and \\'],
    [{ a: [{ cidr: '10.0.0.0' }] }, '"a": cidr must be a range of addresses such as 10.0.0.0/24'],
    [{ a: [{ cidr: '10.0.0.0/33' }] }, '"a": cidr must be a range of addresses such as 10.0.0.0/24'],
    [{ a: [{ numeric: 5 }] }, '"a": numeric must be a list such as [">", 0, "<=", 5]'],
    [{ a: [{ numeric: [] }] }, '"a": numeric knows no comparison undefined'],
    [{ a: [{ numeric: ['!=', 5] }] }, '"a": numeric knows no comparison "!="'],
    [{ a: [{ numeric: ['>', '5'] }] }, '"a": numeric must have numbers from -5e9 to 5e9, not "5"'],
    [{ a: [{ numeric: ['>', 6e9] }] }, '"a": numeric must have numbers from -5e9 to 5e9, not 6000000000'],
    [
      { a: [{ numeric: ['<', 5, '>', 0] }] },
      '"a": numeric must be one comparison, or a lower bound and an upper one',
    ],
    [
      { a: [{ numeric: ['>', 0, '<', 5, '<', 6] }] },
      '"a": numeric must be one comparison, or a lower bound and an upper one',
    ],
    [{ a: [{ numeric: ['>', 5, '<', 5] }] }, '"a": numeric must have its lower bound below the upper'],
    [{ a: [{ 'anything-but': null }] }, '"a": anything-but must have texts alone or numbers alone'],
    [{ a: [{ 'anything-but': [] }] }, '"a": anything-but must have texts alone or numbers alone'],
    [{ a: [{ 'anything-but': ['x', 1] }] }, '"a": anything-but must have texts alone or numbers alone'],
    [{ a: [{ 'anything-but': { prefix: '' } }] }, '"a": anything-but must not be empty'],
    [{ a: [{ 'anything-but': { exists: true } }] }, '"a": anything-but knows no {"exists":true}'],
  ])('%j is refused [pattern] [ruler]', (pattern, fault) => {
    expect(findPatternFault(pattern)).toBe(fault);
  });
});
