import { Module } from 'node:module';

/** What modules of CommonJS export that the function has loaded, by a pattern of their paths. */
export function* listLoadedModules(path: RegExp): Generator<object> {
  const { _cache: cache } = Module as unknown as {
    _cache: Record<string, { exports?: unknown } | undefined>;
  };
  for (const name of Object.keys(cache)) {
    const exports = path.test(name) ? cache[name]?.exports : undefined;
    if (typeof exports === 'object' && exports !== null) yield exports;
  }
}
