import { describe, expect, it } from 'vitest';
import { parseTraceQuery } from './parseTraceQuery.ts';

const parse = (text: string) => parseTraceQuery(new URLSearchParams(text));

describe('parseTraceQuery', () => {
  it('asks for fifty of everything when nothing is said', () => {
    expect(parse('')).toEqual({ limit: 50 });
    expect(parse('service=&q=&cold=false')).toEqual({ limit: 50 });
  });

  it('reads all parameters', () => {
    expect(
      parse('limit=5&before=1800000000000000000&service=a&cold=true&error=true&minDurationMs=1.5&q=Buy'),
    ).toEqual({
      limit: 5,
      before: { startUnixNano: 1_800_000_000_000_000_000n, traceId: '' },
      service: 'a',
      cold: true,
      error: true,
      minDurationMs: 1.5,
      q: 'Buy',
    });
  });

  it('reads the place where a page ended', () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    expect(parse(`before=18-${traceId}`)).toMatchObject({ before: { startUnixNano: 18n, traceId } });
  });

  it.each([
    'before=1-2',
    'before=',
    `before=-${'a'.repeat(32)}`,
    'limit=0',
    'limit=501',
    'limit=x',
    'limit=1.5',
    'before=x',
    'before=-1',
    'before=9999999999999999999',
    'minDurationMs=-1',
    'minDurationMs=',
    'minDurationMs=1e300',
    'cold=1',
    `q=${'x'.repeat(1_001)}`,
  ])('says what is wrong with %s', (text) => {
    expect(parse(text)).toEqual(expect.any(String));
  });
});
