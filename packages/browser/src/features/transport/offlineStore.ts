import type { InOneTab } from '../../platform/inOneTab.ts';
import type { LocalStore } from '../../platform/localStore.ts';
import type { Signal } from './recordQueue.ts';

/** A body that waits for a page that can send it. */
export type StoredBody = readonly [signal: Signal, body: string];

/** What could not be sent, kept for the next page of this origin. */
export interface OfflineStore {
  /**
   * Keeps bodies, the newest first if not all have room.
   *
   * @returns whether it could
   */
  put(bodies: readonly StoredBody[]): boolean;
  /**
   * Takes what is there, oldest first, unless another tab is at it.
   *
   * @param send says whether a body is done with; when one is not, it and the rest are kept on
   * @returns whether nothing is left to be done
   */
  readonly drain: (send: (body: StoredBody) => Promise<boolean>) => Promise<boolean>;
  readonly clear: () => void;
}

/** Followed by the time. Each page that leaves something has a key of its own, so that it need not read to write. */
const PREFIX = 'clickspan.unsent.';
const MAX_ENTRIES = 4;
/** Of one entry, in characters: all together take a fraction of what an origin may keep. */
const MAX_LENGTH = 128 * 1024;
const MAX_AGE_MS = 24 * 3600_000;

/** Makes the store, without effects. */
export function createOfflineStore(local: LocalStore, now: () => number, inOneTab: InOneTab): OfflineStore {
  const list = (): string[] =>
    local
      .keys()
      .filter((key) => key.startsWith(PREFIX))
      .sort();
  const read = (key: string): StoredBody[] => {
    try {
      const isOld = now() - Number(key.slice(PREFIX.length)) > MAX_AGE_MS;
      return isOld ? [] : [...(JSON.parse(local.get(key)!) as StoredBody[])];
    } catch {
      // Gone, or the page has written there.
      return [];
    }
  };
  const write = (key: string, bodies: readonly StoredBody[]): boolean => {
    if (bodies.length) return local.set(key, JSON.stringify(bodies));
    local.remove(key);
    return false;
  };
  return {
    put(bodies) {
      let length = 0;
      const kept = bodies.reduceRight<StoredBody[]>((list, body) => {
        length += body[1].length;
        return length > MAX_LENGTH ? list : [body, ...list];
      }, []);
      list()
        .slice(0, 1 - MAX_ENTRIES)
        .forEach(local.remove);
      return write(PREFIX + now(), kept);
    },
    drain: (send) =>
      inOneTab(async () => {
        for (const key of list()) {
          // Read anew each time: it may have been cleared.
          for (;;) {
            const [body, ...rest] = read(key);
            // Taken out first: what a page that ends meanwhile has sent is not sent again.
            write(key, rest);
            if (!body) break;
            if (!(await send(body))) {
              write(key, [body, ...read(key)]);
              return false;
            }
          }
        }
        return true;
      }),
    clear: () => list().forEach(local.remove),
  };
}
