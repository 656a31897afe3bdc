import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnswerReader, createHeadEncoder } from './httpMessage.ts';
import type { HttpAnswer } from './httpMessage.ts';

function parseAll(chunks: readonly Buffer[], ended = false): HttpAnswer | undefined {
  const reader = createAnswerReader();
  let answer: HttpAnswer | undefined;
  for (const chunk of chunks) answer ??= reader.push(Buffer.from(chunk));
  return answer ?? (ended ? reader.end() : undefined);
}
const parse = (text: string, ended = false): HttpAnswer | undefined => parseAll([Buffer.from(text)], ended);
const toBytes = (text: string): Buffer[] => Array.from(Buffer.from(text), (byte) => Buffer.from([byte]));

describe('the head of a request', () => {
  it('writes no header that all objects have', () => {
    const prototype = Object.prototype as { mine?: unknown };
    prototype.mine = () => {};
    try {
      const head = createHeadEncoder('h')({ method: 'GET', path: '/', headers: { a: '1' } });
      expect(head).toBe('GET / HTTP/1.1\r\nHost: h\r\na: 1\r\n\r\n');
    } finally {
      delete prototype.mine;
    }
  });
});

describe('an answer', () => {
  it('reads an answer with a length', () => {
    const answer = parse('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A:  b \r\n\r\n{}');
    expect(answer).toMatchObject({ status: 200, body: '{}', keepAlive: true });
    expect(answer?.header('x-a')).toBe('b');
  });

  it('finds a header by its whole name, in any case, of a repeated one the last, and none in a body', () => {
    const answer = parse(
      'HTTP/1.1 503\r\nB: B1\r\na-b: 1\r\nb:\r\nC: x: y\r\nb: B2\r\nContent-Length: 6\r\n\r\n\r\nd: 1',
    );
    expect(['b', 'a-b', 'c', 'd', 'status'].map((name) => answer?.header(name))).toEqual([
      'B2',
      '1',
      'x: y',
      undefined,
      undefined,
    ]);
  });

  it('reads a chunked answer, its extensions and its trailers', () => {
    const head = 'HTTP/1.1 429 Slow down\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(parse(`${head}3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`)?.body).toBe('abcde');
    expect(parse(`${head}0\r\nT: 1\r\n\r\n`)?.body).toBe('');
    expect(parse(`${head}3\r\nabc\r\n0\r\n`)).toBeUndefined();
  });

  it('passes interim answers over', () => {
    expect(parse('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n')).toMatchObject({
      status: 204,
    });
  });

  it('knows when the connection cannot be used again', () => {
    expect(parse('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')?.keepAlive).toBe(false);
    expect(parse('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n')?.keepAlive).toBe(false);
    expect(parse('HTTP/1.1 200 OK\r\n\r\nrest', true)).toMatchObject({ body: 'rest', keepAlive: false });
    expect(parse('HTTP/1.1 200 OK\r\n\r\nrest', false)).toBeUndefined();
  });

  it('takes the status for the answer where the connection ends before the body does', () => {
    for (const rest of ['Content-Length: 9\r\n\r\n{}', 'Transfer-Encoding: chunked\r\n\r\n5\r\nab'])
      expect(parse(`HTTP/1.1 200 OK\r\n${rest}`, true)).toMatchObject({ status: 200, keepAlive: false });
    expect(parse('HTTP/1.1 200 OK\r\nContent-Le', true)).toBeUndefined();
  });

  it.each(['SSH-2.0-x\r\n\r\n', 'HTTP/1.1 2000 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'])(
    'refuses what is not HTTP: %j',
    (text) => expect(() => parse(text)).toThrow(),
  );

  it('refuses an answer without end', () => {
    expect(() => parse(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1_048_577)}`)).toThrow('too long');
  });

  it.each([
    ['a long body', `HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`],
    [
      'many chunks',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(50_000)}0\r\n\r\n`,
    ],
    [
      'a long line before a chunk',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(300_000)}\r\nx\r\n0\r\n\r\n`,
    ],
    [
      'long trailers',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(50_000)}\r\n`,
    ],
    ['a long head', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(50_000)}Content-Length: 0\r\n\r\n`],
    ['many interim answers', `${'HTTP/1.1 100 C\r\n\r\n'.repeat(15_000)}HTTP/1.1 204 No\r\n\r\n`],
  ])('that comes byte by byte is read: %s', (_, text) => {
    // Where every byte is looked at again with each that follows, this takes longer than a test may.
    expect(parseAll(toBytes(text))?.status).toBeLessThan(300);
  });

  it('gives the same whatever pieces an answer comes in: nothing before the end, all of it at the end', () => {
    const chunked = fc.array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 6 }).map((parts) => ({
      body: parts.join(''),
      wire: `${parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`,
      header: 'Transfer-Encoding: chunked',
    }));
    const measured = fc.string({ maxLength: 80 }).map((body) => ({
      body,
      wire: body,
      header: `Content-Length: ${Buffer.byteLength(body)}`,
    }));
    fc.assert(
      fc.property(fc.oneof(chunked, measured), fc.nat(), ({ body, wire, header }, cut) => {
        const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n${wire}`);
        const whole = cut % bytes.length;
        expect(parseAll([bytes.subarray(0, whole), bytes.subarray(whole)])?.body).toBe(body);
        expect(parseAll(toBytes(bytes.toString()))?.body).toBe(body);
        expect(parseAll([bytes.subarray(0, whole)])).toBeUndefined();
      }),
    );
  });
});

describe('the heads of a connection', () => {
  it('counts bytes, and lets no header break out of its line', () => {
    const head = createHeadEncoder('collector:4318')({
      method: 'POST',
      path: '/v1/traces',
      headers: { 'x-key': 'a\r\nevil: 1' },
      body: 'ä',
    });
    expect(head).toBe(
      'POST /v1/traces HTTP/1.1\r\nHost: collector:4318\r\nx-key: a evil: 1\r\nContent-Length: 2\r\n\r\n',
    );
  });

  it('are those of their requests, whatever was sent before', () => {
    const encode = createHeadEncoder('h');
    const headers = { a: '1' };
    const requests = [
      { method: 'POST', path: '/', headers, body: 'x' },
      { method: 'POST', path: '/', headers, body: 'xyz' },
      { method: 'POST', path: '/b', headers, body: 'x' },
      { method: 'GET', path: '/b', headers },
      { method: 'GET', path: '/b', headers: { a: '2' } },
      { method: 'GET', path: '/b' },
    ] as const;
    for (const request of requests) expect(encode(request)).toBe(createHeadEncoder('h')(request));
    expect(encode(requests[1])).toContain('Content-Length: 3\r\n');
  });
});
