import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addServerTiming, addServerTimingToHead, toHttpStatus } from './httpResponse.ts';
import type { HttpAnswer } from '../../model/trigger.ts';

const VALUE = 'handler;dur=1';
const add = (result: unknown, value: string, answer: HttpAnswer = 'v2'): unknown =>
  addServerTiming(result, value, { answer, completes: true });

describe('addServerTiming', () => {
  it('adds a header, and leaves the object of the function alone', () => {
    const result = Object.freeze({ statusCode: 201, headers: Object.freeze({ 'X-A': '1' }), body: 'b' });
    expect(add(result, VALUE)).toEqual({
      statusCode: 201,
      headers: { 'X-A': '1', 'server-timing': VALUE },
      body: 'b',
    });
    expect(result.headers).toEqual({ 'X-A': '1' });
  });

  it('appends to a header of the same name, however it is written', () => {
    expect(add({ statusCode: 200, headers: { 'Server-Timing': 'db;dur=3' } }, VALUE)).toEqual({
      statusCode: 200,
      headers: { 'Server-Timing': `db;dur=3, ${VALUE}` },
    });
  });

  it('lets pages read it only where the function itself lets them read the answer', () => {
    const cors = (headers: Record<string, string | boolean>): unknown =>
      (add({ statusCode: 200, headers }, VALUE) as { headers: unknown }).headers;
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
    expect(
      cors({
        'access-control-allow-origin': 'https://a.example',
        'access-control-allow-credentials': true,
        'access-control-expose-headers': '*',
      }),
    ).toMatchObject({ 'access-control-expose-headers': '*, Server-Timing' });
    expect(cors({ 'X-A': '1' })).toEqual({ 'X-A': '1', 'server-timing': VALUE });
  });

  it('completes a result without a status as the gateway does', () => {
    expect(add({ message: 'ö', gone: undefined }, VALUE)).toEqual({
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
    expect(JSON.stringify(add(result, VALUE))).toBe(
      `{"statusCode":200,"headers":{"server-timing":"${VALUE}"}}`,
    );
    expect(reads).toBe(2);
  });

  it('looks at no more than the beginning of a large result, since the caller waits', () => {
    let looks = 0;
    const item = { toJSON: () => ++looks };
    const result = { items: Array.from({ length: 1_000_000 }, () => item) };
    expect(add(result, VALUE)).toBe(result);
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
  ])('leaves %s as it is', (_, result) => expect(add(result, VALUE)).toBe(result));

  it('never changes a body or a status, whatever JSON a function returns', () => {
    fc.assert(
      fc.property(
        fc.record({ statusCode: fc.integer(), headers: fc.object({ maxDepth: 1 }), body: fc.jsonValue() }),
        (result) => {
          const { headers: _, ...changed } = JSON.parse(JSON.stringify(add(result, VALUE))) as typeof result;
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
          expect((add(result, VALUE) as { body: string }).body).toBe(JSON.stringify(result));
        },
      ),
    );
  });
});

describe('the headers of each kind of answer', () => {
  const B = { statusCode: 200, body: 'b' };
  const ORIGIN = 'https://shop.example';
  it.each<[string, HttpAnswer, object, object]>([
    ['v1 without headers', 'v1', B, { ...B, headers: { 'server-timing': VALUE } }],
    [
      'v1 with texts',
      'v1',
      { ...B, headers: { A: '1' } },
      { ...B, headers: { A: '1', 'server-timing': VALUE } },
    ],
    [
      'v1 with lists',
      'v1',
      { ...B, multiValueHeaders: { A: ['1', '2'] } },
      { ...B, multiValueHeaders: { A: ['1', '2'], 'server-timing': [VALUE] } },
    ],
    [
      'v1 with both, and its own among the lists',
      'v1',
      { ...B, headers: { A: '1' }, multiValueHeaders: { 'Server-Timing': ['db;dur=1'] } },
      { ...B, headers: { A: '1' }, multiValueHeaders: { 'Server-Timing': ['db;dur=1', VALUE] } },
    ],
    [
      'v1 with both, and its own among the texts',
      'v1',
      { ...B, headers: { 'Server-Timing': 'db;dur=1' }, multiValueHeaders: { A: ['1'] } },
      { ...B, headers: { 'Server-Timing': `db;dur=1, ${VALUE}` }, multiValueHeaders: { A: ['1'] } },
    ],
    [
      'v1 that is read by another origin',
      'v1',
      { ...B, multiValueHeaders: { 'Access-Control-Allow-Origin': [ORIGIN] } },
      {
        ...B,
        multiValueHeaders: {
          'Access-Control-Allow-Origin': [ORIGIN],
          'server-timing': [VALUE],
          'access-control-expose-headers': ['Server-Timing'],
          'timing-allow-origin': [ORIGIN],
        },
      },
    ],
    ['a load balancer', 'alb', B, { ...B, headers: { 'server-timing': VALUE } }],
    [
      'a load balancer with multi-value headers',
      'albMultiValue',
      B,
      { ...B, multiValueHeaders: { 'server-timing': [VALUE] } },
    ],
    [
      'a load balancer with both',
      'albMultiValue',
      { ...B, headers: { A: '1' }, multiValueHeaders: { A: ['1'] } },
      { ...B, headers: { A: '1' }, multiValueHeaders: { A: ['1'], 'server-timing': [VALUE] } },
    ],
  ])('stand where they are read, in the form that the function uses: %s', (_, answer, result, expected) => {
    const before = JSON.stringify(result);
    expect(add(result, VALUE, answer)).toEqual(expected);
    expect(JSON.stringify(result)).toBe(before);
  });

  it.each<[string, HttpAnswer, object]>([
    ['of a WebSocket', 'webSocket', B],
    [
      'that a load balancer with multi-value headers does not read',
      'albMultiValue',
      { ...B, headers: { a: '1' } },
    ],
    [
      'that a load balancer with single headers does not read',
      'alb',
      { ...B, multiValueHeaders: { a: ['1'] } },
    ],
    ['of a REST API that are near its limit', 'v1', { ...B, headers: { a: 'x'.repeat(9000) } }],
    ['of a load balancer whose body is near its limit', 'alb', { ...B, body: 'x'.repeat(200_000) }],
    ['of a result that is no response yet', 'v1', { message: 'x' }],
  ])('stay as they are: those %s', (_, answer, result) => expect(add(result, VALUE, answer)).toBe(result));

  it('never lose anything of the function, whatever it has put there', () => {
    const values = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string()), fc.jsonValue()));
    const some = fc.option(values, { nil: undefined });
    fc.assert(
      fc.property(
        fc.constantFrom<HttpAnswer>('v1', 'v2', 'alb', 'albMultiValue'),
        fc.record({ statusCode: fc.constant(200), headers: some, multiValueHeaders: some }),
        (answer, result) => {
          const changed = add(result, VALUE, answer) as typeof result;
          for (const place of ['headers', 'multiValueHeaders'] as const)
            for (const [name, value] of Object.entries(result[place] ?? {}))
              if (!/^(server-timing|timing-allow-origin|access-control-.*)$/i.test(name))
                expect(Object.entries(changed[place]!)).toContainEqual([name, value]);
        },
      ),
    );
  });
});

describe('the head of a streamed response', () => {
  it('gets the header without a status too', () => {
    expect(addServerTimingToHead({}, VALUE, 'v2')).toEqual({ headers: { 'server-timing': VALUE } });
    expect(addServerTimingToHead({ statusCode: 201, cookies: ['a=1'] }, VALUE, 'v2')).toEqual({
      statusCode: 201,
      cookies: ['a=1'],
      headers: { 'server-timing': VALUE },
    });
  });
  it.each([[undefined], [null], ['text'], [[1]], [{ headers: 'x' }], [{ toJSON: () => ({}) }]])(
    'stays as it is when it is unusual: %j',
    (head) => expect(addServerTimingToHead(head, VALUE, 'v1')).toBe(head),
  );
});

describe('toHttpStatus', () => {
  it.each<[HttpAnswer, unknown, unknown]>([
    ['v1', { statusCode: 404 }, 404],
    ['v1', { body: 'b' }, 200],
    ['v1', { message: 'x' }, 'malformed'],
    ['v1', null, 'malformed'],
    ['v1', 'text', 'malformed'],
    ['alb', { statusCode: '502' }, 502],
    ['alb', { body: 'b' }, 'malformed'],
    ['albMultiValue', undefined, 'malformed'],
    ['webSocket', { statusCode: 403 }, 403],
    ['webSocket', {}, 'unknown'],
    ['webSocket', undefined, 'malformed'],
  ])('for %s of %j is %s', (answer, result, status) => expect(toHttpStatus(result, answer)).toBe(status));

  it.each([
    [{ statusCode: 404 }, 404],
    [{ statusCode: '201' }, 201],
    [{ body: 'x' }, 200],
    ['text', 200],
    [undefined, 200],
    [{ statusCode: 'yes' }, 'malformed'],
    [{ statusCode: 99 }, 'malformed'],
    [{ statusCode: null }, 'malformed'],
  ])('of %j is %s', (result, status) => expect(toHttpStatus(result, 'v2')).toBe(status));
});
