import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPatternFault, matchesPattern } from './eventPattern.ts';

// Sources, in https://docs.aws.amazon.com/
// [pattern] eventbridge/latest/userguide/eb-event-patterns.html
// [operators] eventbridge/latest/userguide/eb-create-pattern-operators.html

const EVENT = {
  source: 'shop.orders',
  'detail-type': 'Order Placed',
  resources: ['arn:1', 'arn:2'],
  detail: { id: 'A-7', total: 42, gift: false, note: null, tags: [], lines: [{ sku: 'x' }, { sku: 'y' }] },
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
    [{ $or: [{ source: 'x' }] }, '"source": conditions must be in a list'],
  ])('%j is refused [pattern]', (pattern, fault) => {
    expect(findPatternFault(pattern)).toBe(fault);
  });
});
