import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addServerTiming, toHttpStatus } from './httpResponse.ts';

const VALUE = 'handler;dur=1';

describe('addServerTiming', () => {
  it('adds a header, and leaves the object of the function alone', () => {
    const result = Object.freeze({ statusCode: 201, headers: Object.freeze({ 'X-A': '1' }), body: 'b' });
    expect(addServerTiming(result, VALUE)).toEqual({
      statusCode: 201,
      headers: { 'X-A': '1', 'server-timing': VALUE },
      body: 'b',
    });
    expect(result.headers).toEqual({ 'X-A': '1' });
  });

  it('appends to a header of the same name, however it is written', () => {
    expect(addServerTiming({ statusCode: 200, headers: { 'Server-Timing': 'db;dur=3' } }, VALUE)).toEqual({
      statusCode: 200,
      headers: { 'Server-Timing': `db;dur=3, ${VALUE}` },
    });
  });

  it('lets pages read it only where the function itself lets them read the answer', () => {
    const cors = (headers: Record<string, string>): unknown =>
      (addServerTiming({ statusCode: 200, headers }, VALUE) as { headers: unknown }).headers;
    expect(cors({ 'Access-Control-Allow-Origin': 'https://shop.example' })).toEqual({
      'Access-Control-Allow-Origin': 'https://shop.example',
      'server-timing': VALUE,
      'access-control-expose-headers': 'Server-Timing',
      'timing-allow-origin': 'https://shop.example',
    });
    expect(
      cors({
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'ETag, server-timing',
        'timing-allow-origin': '*',
      }),
    ).toMatchObject({ 'access-control-expose-headers': 'ETag, server-timing', 'timing-allow-origin': '*' });
    expect(
      cors({
        'access-control-allow-origin': 'https://a.example',
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': '*',
      }),
    ).toMatchObject({ 'access-control-expose-headers': '*, Server-Timing' });
    expect(cors({ 'X-A': '1' })).toEqual({ 'X-A': '1', 'server-timing': VALUE });
  });

  it('completes a result without a status as the gateway does', () => {
    expect(addServerTiming({ message: 'ö', gone: undefined }, VALUE)).toEqual({
      statusCode: 200,
      headers: { 'content-type': 'application/json', 'server-timing': VALUE },
      body: '{"message":"ö"}',
    });
  });

  it('reads the fields of a result once, since they may be computed', () => {
    let reads = 0;
    const result = {
      get statusCode() {
        reads++;
        return 200;
      },
      get headers() {
        reads++;
        return {};
      },
    };
    expect(JSON.stringify(addServerTiming(result, VALUE))).toBe(
      `{"statusCode":200,"headers":{"server-timing":"${VALUE}"}}`,
    );
    expect(reads).toBe(2);
  });

  it('looks at no more than the beginning of a large result, since the caller waits', () => {
    let looks = 0;
    const item = { toJSON: () => ++looks };
    const result = { items: Array.from({ length: 1_000_000 }, () => item) };
    expect(addServerTiming(result, VALUE)).toBe(result);
    expect(looks).toBeLessThan(50_000);
  });

  class Answer {
    message = 'x';
    get statusCode(): number {
      return 200;
    }
  }
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;

  it.each([
    ['a status that JSON leaves out', { statusCode: undefined, message: 'x' }],
    ['a status that is a function', { statusCode: () => 200, message: 'x' }],
    ['a status that is null', { statusCode: null, message: 'x' }],
    ['a status that only its class has', new Answer()],
    ['a response without its status', { headers: { 'x-a': '1' }, body: 'b' }],
    ['a body without a status', { body: 'b' }],
    ['a boxed text', Object('text') as object],
    ['headers with a JSON form of their own', { statusCode: 200, headers: { a: '1', toJSON: () => ({}) } }],
    ['a body near the limit of responses', { statusCode: 200, body: 'x'.repeat(6_000_000) }],
    ['an object that contains itself', circular],
    ['a number that JSON cannot hold', { big: 1n }],
    ['a text', 'text'],
    ['nothing', undefined],
    ['null', null],
    ['a list', [1]],
    ['headers that are none', { statusCode: 200, headers: 'x' }],
    ['an object with a JSON form of its own', { toJSON: () => ({ statusCode: 404 }) }],
    ['a date', new Date(0)],
    ['a large object', { text: 'x'.repeat(40_000) }],
    [
      'very many headers',
      { statusCode: 200, headers: Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`h${i}`, 'v'])) },
    ],
  ])('leaves %s as it is', (_, result) => expect(addServerTiming(result, VALUE)).toBe(result));

  it('never changes a body or a status, whatever JSON a function returns', () => {
    fc.assert(
      fc.property(
        fc.record({ statusCode: fc.integer(), headers: fc.object({ maxDepth: 1 }), body: fc.jsonValue() }),
        (result) => {
          const { headers: _, ...changed } = JSON.parse(
            JSON.stringify(addServerTiming(result, VALUE)),
          ) as typeof result;
          const { headers: __, ...before } = JSON.parse(JSON.stringify(result)) as typeof result;
          expect(changed).toEqual(before);
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.dictionary(
          fc
            .string()
            .filter(
              (key) =>
                !['statusCode', 'headers', 'body', 'cookies', 'isBase64Encoded', 'toJSON'].includes(key),
            ),
          fc.jsonValue(),
        ),
        (result) => {
          expect((addServerTiming(result, VALUE) as { body: string }).body).toBe(JSON.stringify(result));
        },
      ),
    );
  });
});

describe('toHttpStatus', () => {
  it.each([
    [{ statusCode: 404 }, 404],
    [{ statusCode: '201' }, 201],
    [{ body: 'x' }, 200],
    ['text', 200],
    [undefined, 200],
    [{ statusCode: 'yes' }, undefined],
    [{ statusCode: 99 }, undefined],
    [{ statusCode: null }, undefined],
  ])('of %j is %s', (result, status) => expect(toHttpStatus(result)).toBe(status));
});
