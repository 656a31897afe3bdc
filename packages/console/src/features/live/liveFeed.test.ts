import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveTraces } from '../../api/types.ts';
import { startHttpListener } from '../../platform/httpServer.ts';
import type { HttpListener } from '../../platform/httpServer.ts';
import { startLiveFeed } from './liveFeed.ts';
import type { LiveFeed } from './liveFeed.ts';

const MAX_LISTENERS = 100;

let feed: LiveFeed;
let listener: HttpListener;

beforeEach(async () => {
  feed = startLiveFeed();
  listener = await startHttpListener({
    host: '127.0.0.1',
    port: 0,
    requestTimeoutMs: 10_000,
    handle: (_, response) => {
      if (!feed.subscribe(response)) response.writeHead(503).end();
    },
  });
});

afterEach(async () => {
  feed.stop();
  await listener.stop(0);
});

/** Opens the stream and gives a way to read its next event, and one to leave. */
async function open(): Promise<{
  status: number;
  next: () => Promise<LiveTraces | undefined>;
  leave: () => void;
}> {
  const leaving = new AbortController();
  const response = await fetch(listener.url, { signal: leaving.signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<LiveTraces | undefined> => {
    for (;;) {
      const event = /event: traces\ndata: (.*)\n\n/.exec(text);
      if (event) {
        text = text.slice(event.index + event[0].length);
        return JSON.parse(event[1]!) as LiveTraces;
      }
      const { value, done } = await reader.read();
      if (done) return undefined;
      text += value;
    }
  };
  return { status: response.status, next, leave: () => leaving.abort() };
}

describe('liveFeed', () => {
  it('tells every listener of each trace once, joined with what comes in the same moment', async () => {
    const listeners = [await open(), await open()];
    feed.announce(['a', 'b']);
    feed.announce(['b', 'c']);
    for (const { next } of listeners) {
      expect(await next()).toEqual({ traceIds: ['a', 'b', 'c'], more: false });
    }
    feed.announce(['d']);
    expect(await listeners[0]!.next()).toEqual({ traceIds: ['d'], more: false });
  });

  it('names only so many traces of a flood and says that there are more, for that moment only', async () => {
    const { next } = await open();
    feed.announce(Array.from({ length: 100_000 }, (_, i) => String(i)));
    const flood = await next();
    expect(flood).toMatchObject({ more: true });
    expect(flood!.traceIds.length).toBeLessThan(1_000);
    feed.announce(['later']);
    expect(await next()).toEqual({ traceIds: ['later'], more: false });
  });

  it('has room again when a page has gone', async () => {
    const listeners = await Promise.all(Array.from({ length: MAX_LISTENERS }, open));
    expect(listeners.every(({ status }) => status === 200)).toBe(true);
    expect((await open()).status).toBe(503);
    listeners[0]!.leave();
    await expect.poll(async () => (await open()).status, { timeout: 20_000 }).toBe(200);
  });

  it('ends the streams when it stops', async () => {
    const { next } = await open();
    feed.stop();
    expect(await next()).toBeUndefined();
  });
});
