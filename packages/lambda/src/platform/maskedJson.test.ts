import { describe, expect, it } from 'vitest';
import { toMaskedJson } from './maskedJson.ts';

describe('toMaskedJson', () => {
  it('masks by name, wherever it stands, and by look', () => {
    const payload = {
      headers: { Authorization: 'Bearer abcdef', cookie: ['a=1'], 'X-Api-Key': 'k', accept: '*/*' },
      body: '{"password":"hunter22","item":7}',
      nested: [{ clientSecret: { a: 1 } }, 'AKIAIOSFODNN7EXAMPLE'],
      token: null,
    };
    expect(JSON.parse(toMaskedJson(payload, 4096))).toEqual({
      headers: { Authorization: '*', cookie: '*', 'X-Api-Key': '*', accept: '*/*' },
      body: '{"password":"*","item":7}',
      nested: [{ clientSecret: '*' }, 'AKIA*'],
      token: null,
    });
  });

  it.each([
    [undefined, 'null'],
    [null, 'null'],
    [7, '7'],
    ['text', '"text"'],
    [
      { a: undefined, b: 1n, c: new Date(0), d: [] },
      '{"a":null,"b":"1","c":"1970-01-01T00:00:00.000Z","d":[]}',
    ],
  ])('writes %#', (payload, text) => {
    expect(toMaskedJson(payload, 4096)).toBe(text);
  });

  it('cuts what is long, deep or without end', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(toMaskedJson(circular, 4096)).toContain('"…"');
    const text = toMaskedJson({ large: 'x'.repeat(6_000_000), more: 'y' }, 100);
    expect(text).toHaveLength(100);
    expect(text.endsWith('…')).toBe(true);
    expect(
      toMaskedJson(
        Array.from({ length: 1_000_000 }, (_, i) => i),
        50,
      ),
    ).toHaveLength(50);
  });

  it('masks and cuts names as it does texts', () => {
    expect(toMaskedJson({ 'Bearer abcdefgh': 1, [`x${'y'.repeat(9000)}`]: 2 }, 30)).toBe(
      `{"Bearer *":1,"x${'y'.repeat(13)}…`,
    );
  });

  it('reads no more members than it writes', () => {
    let read = 0;
    const payload = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`name${i}`, i]));
    const watched = new Proxy(payload, {
      get: (target, name: string) => {
        read++;
        return target[name];
      },
    });
    toMaskedJson(watched, 60);
    expect(read).toBeLessThan(10);
  });
});
