import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { HttpConnection } from '../../platform/httpConnection.ts';
import type { HttpAnswer, HttpRequest } from '../../platform/httpMessage.ts';
import { createTransport } from './transport.ts';
import type { Transport, TransportEnvironment } from './transport.ts';

const OK: HttpAnswer = { status: 200, header: () => undefined, body: '{}', keepAlive: true };

interface Fake {
  readonly transport: Transport;
  /** What was sent, by connection. */
  readonly sent: HttpRequest[][];
  /** What becomes of each request in turn; answered when there is nothing. */
  readonly outcomes: ('lost' | 'never')[];
  readonly closed: number[];
  nowMs: number;
}

function start(change: Partial<TransportEnvironment> = {}): Fake {
  const fake: Fake = {
    sent: [],
    outcomes: [],
    closed: [],
    nowMs: 0,
    transport: createTransport({
      connect: () => Promise.resolve(open()),
      path: '/v1/traces',
      headers: {},
      gzip: false,
      nowMs: () => fake.nowMs,
      ...change,
    }),
  };
  const open = (): HttpConnection => {
    const requests: HttpRequest[] = [];
    const index = fake.sent.push(requests) - 1;
    let usable = true;
    let reject: ((error: Error) => void) | undefined;
    return {
      send: async (request) => {
        if (!usable) throw new Error('the connection cannot be used');
        requests.push(request);
        const outcome = fake.outcomes.shift();
        if (outcome === undefined) return OK;
        usable = false;
        if (outcome === 'lost') throw new Error('lost');
        return new Promise((_, fail) => {
          reject = fail;
        });
      },
      hold: () => {},
      deferReads: () => {},
      readNow: () => {},
      usable: () => usable,
      close: () => {
        usable = false;
        fake.closed.push(index);
        reject?.(new Error('closed'));
      },
    };
  };
  return fake;
}

describe('transport', () => {
  it('keeps its connection for the next request, but not for long', async () => {
    const fake = start();
    await fake.transport.post('a').answer;
    fake.nowMs = 3000;
    await fake.transport.post('b').answer;
    fake.nowMs = 30_000;
    await fake.transport.post('c').answer;
    expect(fake.sent.map((requests) => requests.map(({ body }) => body))).toEqual([['a', 'b'], ['c']]);
    expect(fake.closed).toEqual([0]);
  });

  it('sends again where a kept connection had been closed meanwhile, and only there', async () => {
    const fake = start();
    await fake.transport.post('a').answer;
    fake.outcomes.push('lost');
    await fake.transport.post('b').answer;
    expect(fake.sent).toHaveLength(2);
    fake.nowMs = 30_000;
    fake.outcomes.push('lost');
    await expect(fake.transport.post('c').answer).rejects.toThrow('lost');
    expect(fake.sent).toHaveLength(3);
  });

  it('leaves it to whoever has left the answer to later to send again', async () => {
    const fake = start();
    await fake.transport.post('a').answer;
    fake.outcomes.push('lost');
    await expect(fake.transport.post('b', true).answer).rejects.toThrow('lost');
    expect(fake.sent.map((requests) => requests.map(({ body }) => body))).toEqual([['a', 'b']]);
  });

  it('is connected while it has a connection that is idle and trusted', async () => {
    const fake = start();
    expect(fake.transport.connected()).toBe(false);
    const post = fake.transport.post('a');
    expect(fake.transport.connected()).toBe(false);
    await post.answer;
    expect(fake.transport.connected()).toBe(true);
    fake.nowMs = 4000;
    expect(fake.transport.connected()).toBe(false);
  });

  it('trusts a connection from when it has sent: the answer may have waited through a freeze', async () => {
    const fake = start();
    await fake.transport.post('a').answer;
    const post = fake.transport.post('b');
    fake.nowMs = 4000;
    await post.answer;
    expect(fake.transport.connected()).toBe(false);
  });

  it('does not send again what was given up', async () => {
    const fake = start();
    await fake.transport.post('a').answer;
    fake.outcomes.push('never');
    const post = fake.transport.post('b');
    await Promise.resolve();
    post.abort();
    await expect(post.answer).rejects.toThrow('closed');
    expect(fake.sent).toHaveLength(1);
  });

  it('sends nothing on a connection that opens after the request was given up', async () => {
    const fake = start();
    const post = fake.transport.post('a');
    post.abort();
    await expect(post.answer).rejects.toThrow('cannot be used');
    expect(fake.sent).toEqual([[]]);
  });

  it('opens a second connection where the first is in use', async () => {
    const fake = start();
    fake.outcomes.push('never');
    const first = fake.transport.post('a');
    await Promise.resolve();
    await fake.transport.post('b').answer;
    expect(fake.sent).toHaveLength(2);
    first.abort();
    await expect(first.answer).rejects.toThrow();
  });

  it('packs by gzip where it is told to', async () => {
    const fake = start({ gzip: true });
    await fake.transport.post('text').answer;
    const { body, headers } = fake.sent[0]![0]!;
    expect(gunzipSync(body as Uint8Array).toString()).toBe('text');
    expect(headers).toMatchObject({ 'content-encoding': 'gzip' });
  });

  it('sends the headers that it is given, and none that would break the request', async () => {
    const headers = {
      'X-Api-Key': 'k',
      'Content-Type': 'text/plain',
      'content-length': '1',
      Host: 'other',
      'Transfer-Encoding': 'chunked',
      'bad name': 'x',
      'x\r\ny': 'z',
      Connection: 'close',
    };
    const fake = start({ headers });
    await fake.transport.post('a').answer;
    expect(fake.sent[0]![0]!.headers).toEqual({ 'x-api-key': 'k', 'content-type': 'application/json' });
  });
});
