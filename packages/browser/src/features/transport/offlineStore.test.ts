import { describe, expect, it } from 'vitest';
import { createFakeTime } from '../../../../../test/support/fakeTime.ts';
import { createMapStore } from '../../../../../test/support/mapStore.ts';
import { createOfflineStore, type OfflineStore } from './offlineStore.ts';

const DAY_MS = 24 * 3600_000;

function setUp() {
  const time = createFakeTime();
  const local = createMapStore();
  const open = (): OfflineStore => createOfflineStore(local, time.now, async (run) => run());
  const store = open();
  const drainAll = async (): Promise<string[]> => {
    const got: string[] = [];
    await store.drain(async (signal, body) => !got.push(`${signal} ${body}`));
    return got;
  };
  return { time, local, store, open, drainAll };
}

describe('offlineStore', () => {
  it('gives what pages have left, the oldest first, once', async () => {
    const { time, store, open, drainAll, local } = setUp();
    store.put('traces', 'a');
    store.put('logs', 'b');
    await time.advance(5);
    open().put('traces', 'c');
    expect(await drainAll()).toEqual(['traces a', 'logs b', 'traces c']);
    expect(await drainAll()).toEqual([]);
    expect(local.keys()).toEqual([]);
  });

  it('keeps what is not done with, and what comes behind it', async () => {
    const { store, drainAll } = setUp();
    for (const body of 'abc') store.put('traces', body);
    await store.drain(async (_signal, body) => body !== 'a');
    expect(await drainAll()).toEqual(['traces b', 'traces c']);
  });

  it('has taken out what is on its way, should the page end', async () => {
    const { store, drainAll } = setUp();
    for (const body of 'ab') store.put('traces', body);
    void store.drain(() => new Promise(() => {}));
    expect(await drainAll()).toEqual(['traces b']);
  });

  it('forgets after a day', async () => {
    const { time, store, drainAll, local } = setUp();
    store.put('traces', 'a');
    await time.advance(DAY_MS + 1);
    expect(await drainAll()).toEqual([]);
    expect(local.keys()).toEqual([]);
  });

  it('is bounded, and prefers what is new', async () => {
    const { time, store, drainAll } = setUp();
    for (let i = 10; i < 60; i++) {
      store.put('traces', String(i));
      await time.advance(1);
    }
    const kept = await drainAll();
    expect(kept).toHaveLength(16);
    expect(kept.at(0)).toBe('traces 44');
    expect(kept.at(-1)).toBe('traces 59');
  });

  it('is not put together again by a drain that goes on when it was cleared', async () => {
    const { store, local } = setUp();
    for (const body of 'ab') store.put('traces', body);
    const sent: string[] = [];
    await store.drain(async (_signal, body) => {
      sent.push(body);
      store.clear();
      return false;
    });
    expect(sent).toEqual(['a']);
    expect(local.keys()).toEqual([]);
  });

  it.each(['', 'x', 'null', '{}'])('bears that the page has written there: %j', async (text) => {
    const { store, local, drainAll } = setUp();
    local.set('clickspan.unsent.', text);
    local.set('own', 'stays');
    store.put('traces', 'a');
    expect((await drainAll()).at(-1)).toBe('traces a');
    expect(local.keys()).toEqual(['own']);
  });

  it('says when it cannot keep', () => {
    const refusing = { ...createMapStore(), set: () => false };
    const store = createOfflineStore(
      refusing,
      () => 0,
      async (run) => run(),
    );
    expect(store.put('traces', 'a')).toBe(false);
  });
});
