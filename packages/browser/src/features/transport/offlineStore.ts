import type { InOneTab } from '../../platform/inOneTab.ts';
import type { LocalStore } from '../../platform/localStore.ts';
import type { Signal } from './recordQueue.ts';

/** What could not be sent, kept for the next page of this origin. */
export interface OfflineStore {
  /**
   * Keeps a body; the oldest make room for it.
   *
   * @returns whether it could
   */
  put(signal: Signal, body: string): boolean;
  /**
   * Takes what is there, oldest first, and leaves to another tab what that is taking.
   *
   * @param send says whether a body is to be kept on; then the rest is kept too
   */
  readonly drain: (send: (signal: Signal, body: string) => Promise<boolean>) => Promise<void>;
  readonly clear: () => void;
}

/** Followed by the time and the signal. Each body has a key of its own, so that nothing is read to write. */
const PREFIX = 'clickspan.unsent.';
/** Of at most 32 KiB, as a rule: all together take a fraction of what an origin may keep. */
const MAX_BODIES = 16;
const MAX_AGE_MS = 24 * 3600_000;

/** Makes the store, without effects. */
export function createOfflineStore(local: LocalStore, now: () => number, inOneTab: InOneTab): OfflineStore {
  let count = 0;
  const list = (): string[] =>
    local
      .keys()
      .filter((key) => key.startsWith(PREFIX))
      .sort();
  return {
    put(signal, body) {
      list()
        .slice(0, 1 - MAX_BODIES)
        .forEach(local.remove);
      // Those of one moment differ.
      return local.set(`${PREFIX}${now() + count++}.${signal}`, body);
    },
    async drain(send) {
      for (const key of list()) {
        // Taken out first: what a page that ends meanwhile has sent is not sent again, and no other tab finds it.
        const body = await inOneTab(() => {
          const kept = local.get(key);
          local.remove(key);
          return kept;
        });
        const isOld = now() - parseFloat(key.slice(PREFIX.length)) > MAX_AGE_MS;
        // It may have been cleared since, or be with another tab.
        if (!body || isOld) continue;
        if (await send(key.endsWith('logs') ? 'logs' : 'traces', body)) {
          local.set(key, body);
          break;
        }
      }
    },
    clear: () => list().forEach(local.remove),
  };
}
