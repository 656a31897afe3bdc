import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTraceState, parseTracestate } from './tracestate.ts';

const text = (header: string | string[]): string | undefined => parseTracestate(header)?.serialize();
const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');

describe('parseTracestate', () => {
  it('keeps every allowed character of keys and values', () => {
    const key = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/@';
    const value = Array.from({ length: 0x7e - 0x20 }, (_, i) => String.fromCharCode(0x21 + i))
      .filter((c) => c !== ',' && c !== '=')
      .join('');
    expect(text(`${key}=a ${value}`)).toBe(`${key}=a ${value}`);
  });

  it.each([
    ['a key that starts with an underscore', '_a=1'],
    ['an upper-case key', 'Foo=1'],
    ['a blank in a key', 'foo bar=1'],
    ['a blank before the equals sign', 'foo =1'],
    ['no key', '=1'],
    ['no value', 'foo='],
    ['no equals sign', 'foo'],
    ['an equals sign in a value', 'foo=bar=baz'],
    ['a character beyond ASCII', 'foo=ä'],
    ['a control character', 'foo=a\u0001b'],
    ['a key of 257 characters', `${'k'.repeat(257)}=1`],
    ['a value of 257 characters', `foo=${'v'.repeat(257)}`],
    ['33 members', members(33)],
  ])('drops the whole header for %s', (_, header) => {
    expect(parseTracestate(header)).toBeUndefined();
    expect(parseTracestate(`ok=1,${header}`)).toBeUndefined();
  });

  it('takes a key and a value of 256 characters, keys that start with a digit, and old vendor keys', () => {
    expect(text(`${'k'.repeat(256)}=1`)).toBe(`${'k'.repeat(256)}=1`);
    expect(text(`foo=${'v'.repeat(256)}`)).toBe(`foo=${'v'.repeat(256)}`);
    expect(text('1a-2f@foo=bar1,1a-_*/2b@foo=bar2')).toBe('1a-2f@foo=bar1,1a-_*/2b@foo=bar2');
  });

  it('drops at once a header that was made to be slow to read', () => {
    const blanks = ' '.repeat(500_000);
    // Minutes, where each blank is a place to begin again.
    for (const header of [`a=b${blanks}c`, `${blanks}a=b`, `a=b${blanks}`, ','.repeat(500_000)])
      expect(parseTracestate(header)).toBeUndefined();
    expect(parseTracestate(`a=b${' '.repeat(2000)}c`)).toBeUndefined();
    expect(parseTracestate(Array.from({ length: 500_000 }, () => ''))).toBeUndefined();
  });

  it('takes the longest members that there can be', () => {
    const longest = Array.from({ length: 32 }, (_, i) => `${'k'.repeat(254)}${i + 10}=${'v'.repeat(256)}`);
    expect(parseTracestate(longest)?.get(`${'k'.repeat(254)}41`)).toBe('v'.repeat(256));
  });

  it('takes 32 members', () => {
    expect(text(members(32))).toBe(members(32));
  });

  it('passes over empty members and strips blanks and tabs around members, not inside', () => {
    expect(text('foo=1 \t , \t bar= 2,,\t')).toBe('foo=1,bar= 2');
  });

  it('says nothing where there is nothing', () => {
    for (const header of [undefined, null, '', ' , ', []]) expect(parseTracestate(header)).toBeUndefined();
  });

  it('keeps one of two members with the same key', () => {
    expect(text('foo=1,bar=2,foo=3')).toBe('foo=1,bar=2');
  });

  it('never throws and writes only what it reads back', () => {
    const near = fc.array(fc.constantFrom('foo', '=', ',', ' ', '\t', 'bar', '@', 'ü', '1'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          near.map((parts) => parts.join('')),
        ),
        (header) => {
          const written = text(header);
          if (written !== undefined) expect(text(written)).toBe(written);
        },
      ),
    );
  });
});

describe('createTraceState', () => {
  it('moves a changed member to the left and leaves the original as it was', () => {
    const before = parseTracestate('foo=1,bar=2')!;
    expect(before.set('bar', '3').serialize()).toBe('bar=3,foo=1');
    expect(before.unset('foo').serialize()).toBe('bar=2');
    expect(before.serialize()).toBe('foo=1,bar=2');
    expect(before.get('bar')).toBe('2');
  });

  it('refuses a member that the grammar refuses', () => {
    expect(
      createTraceState([['a', '1']])
        .set('B', '1')
        .serialize(),
    ).toBe('a=1');
  });

  it('shortens by whole members, those over 128 characters first', () => {
    const long = `long=${'x'.repeat(200)}`;
    const list = Array.from({ length: 10 }, (_, i) => `m${i}=${'y'.repeat(40)}`);
    expect(text([list[0]!, long, ...list.slice(1)])).toBe(list.join(','));
  });
});
