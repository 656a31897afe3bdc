/** What the page's origin keeps beyond the page. Where it may not, everything is as if it were empty. */
export interface LocalStore {
  readonly get: (key: string) => string | null;
  /** @returns whether it is kept now */
  readonly set: (key: string, text: string) => boolean;
  readonly remove: (key: string) => void;
  readonly keys: () => string[];
}

/** Makes it over `localStorage`, which is not touched before the first call. */
export function createLocalStore(window: Window): LocalStore {
  const use = <T>(run: (storage: Storage) => T): T | undefined => {
    try {
      return run(window.localStorage);
    } catch {
      return undefined;
    }
  };
  return {
    get: (key) => use((storage) => storage.getItem(key)) ?? null,
    // Nothing comes back when it succeeds too.
    set: (key, text) => use((storage) => storage.setItem(key, text) ?? true) ?? false,
    remove: (key) => use((storage) => storage.removeItem(key)),
    keys: () => use(Object.keys) ?? [],
  };
}
