/** What an origin keeps, in memory. */
export interface MapStore {
  readonly get: (key: string) => string | null;
  readonly set: (key: string, text: string) => boolean;
  readonly remove: (key: string) => void;
  readonly keys: () => string[];
}

/** Makes an empty one. */
export function createMapStore(): MapStore {
  const texts = new Map<string, string>();
  return {
    get: (key) => texts.get(key) ?? null,
    set: (key, text) => !!texts.set(key, text),
    remove: (key) => void texts.delete(key),
    keys: () => [...texts.keys()],
  };
}
