import type { Clock } from './clock.ts';

/** What was remembered under ids of late. */
export interface RecentIds<T> {
  /** Undefined for an id that is unknown by now, and for none. */
  find(id: string | undefined): T | undefined;
  remember(id: string | undefined, value: T): void;
}

/**
 * Makes a memory that forgets.
 *
 * @param clock tells when
 * @param keptMs how long something is remembered
 */
export function createRecentIds<T>(clock: Clock, keptMs: number): RecentIds<T> {
  // A Map keeps its order: the first is the oldest.
  const recent = new Map<string, { readonly value: T; readonly untilUnixMs: number }>();

  function forget(): void {
    const nowUnixMs = clock();
    for (const [id, { untilUnixMs }] of recent) {
      if (untilUnixMs > nowUnixMs) return;
      recent.delete(id);
    }
  }

  return {
    find: (id) => {
      forget();
      return id === undefined ? undefined : recent.get(id)?.value;
    },
    remember: (id, value) => {
      if (id !== undefined) recent.set(id, { value, untilUnixMs: clock() + keptMs });
    },
  };
}
