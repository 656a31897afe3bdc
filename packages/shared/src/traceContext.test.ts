import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractTraceContext, parseTraceparent, toTraceparent } from './traceContext.ts';
import type { HeaderValues } from './tracestate.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const VALID = `00-${TRACE_ID}-${SPAN_ID}-01`;

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...Array.from('0123456789abcdef')), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''))
    .filter((text) => !/^0+$/.test(text));

describe('parseTraceparent', () => {
  it('reads a valid value', () => {
    expect(parseTraceparent(VALID)).toEqual({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      traceFlags: 1,
      isRemote: true,
    });
  });

  it.each([
    ['nothing', undefined],
    ['an empty value', ''],
    ['version ff', `ff-${TRACE_ID}-${SPAN_ID}-01`],
    ['a version of one digit', `0-${TRACE_ID}-${SPAN_ID}-01`],
    ['a version of three digits', `000-${TRACE_ID}-${SPAN_ID}-01`],
    ['upper case', VALID.toUpperCase()],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN_ID}-01`],
    ['a parent id of zeros', `00-${TRACE_ID}-${'0'.repeat(16)}-01`],
    ['a short trace id', `00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
    ['a long trace id', `00-${TRACE_ID}0-${SPAN_ID}-01`],
    ['an illegal digit', `00-${TRACE_ID.slice(1)}g-${SPAN_ID}-01`],
    ['flags of one digit', `00-${TRACE_ID}-${SPAN_ID}-1`],
    ['flags of three digits', `00-${TRACE_ID}-${SPAN_ID}-001`],
    ['no flags', `00-${TRACE_ID}-${SPAN_ID}`],
    ['version 00 with more behind the flags', `${VALID}-what`],
    ['version 00 with a dash behind the flags', `${VALID}-`],
    ['a later version with a dot behind the flags', `cc-${TRACE_ID}-${SPAN_ID}-01.what`],
    ['two values joined, as Lambda joins duplicate headers', `${VALID},${VALID}`],
  ])('refuses %s', (_, value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });

  it('reads a later version, with and without more behind the flags', () => {
    expect(parseTraceparent(`cc-${TRACE_ID}-${SPAN_ID}-01`)?.traceId).toBe(TRACE_ID);
    expect(parseTraceparent(`cc-${TRACE_ID}-${SPAN_ID}-01-what-the-future-brings`)?.traceId).toBe(TRACE_ID);
  });

  it('is done at once with a value that was made to be slow to read', () => {
    const later = `01-${TRACE_ID}-${SPAN_ID}-01`;
    // Minutes, where each blank is a place to begin again.
    expect(parseTraceparent(`${later}-${' '.repeat(1_000_000)}\n`)).toBeUndefined();
    expect(parseTraceparent(`${later}-${' -'.repeat(1_000_000)}`)?.spanId).toBe(SPAN_ID);
  });

  it('allows blanks and tabs around the value', () => {
    expect(parseTraceparent(` \t${VALID}\t `)?.spanId).toBe(SPAN_ID);
  });

  it('keeps the sampled and the random flag and clears the unknown ones', () => {
    for (const [flags, known] of [
      ['00', 0],
      ['01', 1],
      ['02', 2],
      ['ff', 3],
      ['fc', 0],
    ] as const) {
      expect(parseTraceparent(`00-${TRACE_ID}-${SPAN_ID}-${flags}`)?.traceFlags).toBe(known);
    }
  });

  it('reads back all that toTraceparent writes', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.integer({ min: 0, max: 255 }), (traceId, spanId, traceFlags) => {
        const text = toTraceparent({ traceId, spanId, traceFlags });
        expect(text).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
        expect(parseTraceparent(text)).toEqual({
          traceId,
          spanId,
          traceFlags: traceFlags & 3,
          isRemote: true,
        });
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseTraceparent(text)));
  });
});

describe('extractTraceContext', () => {
  const extract = (headers: Record<string, HeaderValues>) => extractTraceContext((name) => headers[name]);

  it('ignores both of two traceparent headers, even equal ones', () => {
    expect(extract({ traceparent: [VALID, VALID] })).toBeUndefined();
  });

  it('does not read tracestate beside a bad traceparent', () => {
    expect(extract({ traceparent: 'bad', tracestate: 'foo=1' })).toBeUndefined();
  });

  it('keeps the traceparent when tracestate is bad, and drops all of tracestate', () => {
    const context = extract({ traceparent: VALID, tracestate: 'foo=1,bad key=2' });
    expect(context?.spanId).toBe(SPAN_ID);
    expect(context?.traceState).toBeUndefined();
  });

  it('joins several tracestate headers in order', () => {
    const context = extract({ traceparent: [VALID], tracestate: ['foo=1', '', 'bar=2,baz=3'] });
    expect(context?.traceState?.serialize()).toBe('foo=1,bar=2,baz=3');
  });
});
