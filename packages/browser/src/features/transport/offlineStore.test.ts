import { describe, expect, it } from 'vitest';
import { createFakeTime } from '../../../../../test/support/fakeTime.ts';
import { createMapStore } from '../../../../../test/support/mapStore.ts';
import { createOfflineStore, type OfflineStore, type StoredBody } from './offlineStore.ts';

const DAY_MS = 24 * 3600_000;

function setUp() {
  const time = createFakeTime();
  const local = createMapStore();
  const open = (): OfflineStore => createOfflineStore(local, time.now, (run) => run());
  const store = open();
  const drainAll = async (): Promise<string[]> => {
    const got: string[] = [];
    await store.drain(async ([, body]) => got.push(body) > 0);
    return got;
  };
  return { time, local, store, open, drainAll };
}

describe('offlineStore', () => {
  it('gives what pages have left, the oldest first, once', async () => {
    const { time, store, open, drainAll, local } = setUp();
    store.put([
      ['traces', 'a'],
      ['logs', 'b'],
    ]);
    await time.advance(5);
    open().put([['traces', 'c']]);
    expect(await drainAll()).toEqual(['a', 'b', 'c']);
    expect(await drainAll()).toEqual([]);
    expect(local.keys()).toEqual([]);
  });

  it('keeps what is not done with, and what comes behind it', async () => {
    const { store, drainAll } = setUp();
    store.put([
      ['traces', 'a'],
      ['traces', 'b'],
      ['traces', 'c'],
    ]);
    const isDrained = await store.drain(async ([, body]) => body === 'a');
    expect(isDrained).toBe(false);
    expect(await drainAll()).toEqual(['b', 'c']);
  });

  it('has taken out what is on its way, should the page end', async () => {
    const { store, drainAll } = setUp();
    store.put([
      ['traces', 'a'],
      ['traces', 'b'],
    ]);
    void store.drain(() => new Promise(() => {}));
    expect(await drainAll()).toEqual(['b']);
  });

  it('forgets after a day', async () => {
    const { time, store, drainAll, local } = setUp();
    store.put([['traces', 'a']]);
    await time.advance(DAY_MS + 1);
    expect(await drainAll()).toEqual([]);
    expect(local.keys()).toEqual([]);
  });

  it('is bounded, and prefers what is new', async () => {
    const { time, store, drainAll, local } = setUp();
    for (let i = 0; i < 10; i++) {
      store.put(Array.from('abc', (letter): StoredBody => ['traces', (letter + i).padEnd(60_000, '.')]));
      await time.advance(1);
    }
    const sizes = local.keys().map((key) => local.get(key)!.length);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(512 * 1024);
    const names = (await drainAll()).map((body) => body.slice(0, 2));
    expect(names).toEqual(['b6', 'c6', 'b7', 'c7', 'b8', 'c8', 'b9', 'c9']);
  });

  it('is not put together again by a drain that goes on when it was cleared', async () => {
    const { store, local } = setUp();
    store.put([
      ['traces', 'a'],
      ['traces', 'b'],
    ]);
    const sent: string[] = [];
    await store.drain(async ([, body]) => {
      sent.push(body);
      store.clear();
      return true;
    });
    expect(sent).toEqual(['a']);
    expect(local.keys()).toEqual([]);
  });

  it.each(['', 'x', 'null', '{}', '[]', '5'])('bears that the page has written there: %j', async (text) => {
    const { store, local, drainAll } = setUp();
    local.set('clickspan.unsent.1700000000000', text);
    local.set('own', 'stays');
    store.put([['traces', 'a']]);
    expect(await drainAll()).toEqual(['a']);
    expect(local.keys()).toEqual(['own']);
  });

  it('says when it cannot keep', () => {
    const refusing = { ...createMapStore(), set: () => false };
    const store = createOfflineStore(
      refusing,
      () => 0,
      (run) => run(),
    );
    expect(store.put([['traces', 'a']])).toBe(false);
  });
});
