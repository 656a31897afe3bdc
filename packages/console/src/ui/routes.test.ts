import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUnfiltered, NO_FILTERS, parseRoute, toListPath, toTracePath } from './routes.ts';

const parse = (path: string) => parseRoute(new URL(path, 'http://console'));
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';

describe('parseRoute', () => {
  it('knows the list and a trace', () => {
    expect(parse('/')).toEqual({ page: 'list', filters: NO_FILTERS });
    expect(parse('/traces/')).toEqual({ page: 'list', filters: NO_FILTERS });
    expect(parse(toTracePath(TRACE_ID))).toEqual({ page: 'trace', traceId: TRACE_ID, spanId: undefined });
    expect(parse(toTracePath(TRACE_ID, SPAN_ID))).toEqual({
      page: 'trace',
      traceId: TRACE_ID,
      spanId: SPAN_ID,
    });
    expect(parse(`/traces/${TRACE_ID.toUpperCase()}`)).toMatchObject({ traceId: TRACE_ID });
  });

  it('leaves out a span that can be none', () => {
    expect(parse(`/traces/${TRACE_ID}?span=%3Cimg%3E`)).toMatchObject({ spanId: undefined });
  });

  it('knows nothing else', () => {
    expect(parse('/traces/1234')).toEqual({ page: 'unknown', path: '/traces/1234' });
    expect(parse('/settings')).toMatchObject({ page: 'unknown' });
  });

  it('leaves out filters that it cannot understand', () => {
    expect(parse('/?minDurationMs=fast&cold=yes&error=1&page=7')).toEqual({
      page: 'list',
      filters: NO_FILTERS,
    });
    expect(parse('/?minDurationMs=-5')).toEqual({ page: 'list', filters: NO_FILTERS });
  });

  it('reads back every filter that it writes', () => {
    const filters = fc.record({
      service: fc.string({ maxLength: 100 }),
      cold: fc.boolean(),
      error: fc.boolean(),
      q: fc.string({ maxLength: 100 }).map((q) => q.trim()),
      minDurationMs: fc.double({ min: 0, max: 1e9, noNaN: true }).map((ms) => ms || 0),
    });
    fc.assert(
      fc.property(filters, (wanted) => {
        expect(parse(toListPath(wanted))).toEqual({ page: 'list', filters: wanted });
      }),
    );
  });
});

describe('isUnfiltered', () => {
  it('takes blank text for none', () => {
    expect(isUnfiltered({ ...NO_FILTERS, q: '  ' })).toBe(true);
    expect(isUnfiltered({ ...NO_FILTERS, cold: true })).toBe(false);
  });
});
