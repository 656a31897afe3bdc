import { isBuiltinLoaded } from './loadedBuiltins.ts';

/**
 * What modules of CommonJS export that the function has loaded and that make HTTP requests, by a pattern of their paths.
 * Where nobody has loaded `node:http` there are none.
 */
export function* listLoadedModules(path: RegExp): Generator<object> {
  if (!isBuiltinLoaded('http')) return;
  // Not imported: it takes 0.15 ms, which most functions need not wait for.
  const { Module } = process.getBuiltinModule('node:module');
  const { _cache: cache } = Module as unknown as {
    _cache: Record<string, { exports?: unknown } | undefined>;
  };
  for (const name of Object.keys(cache)) {
    const exports = path.test(name) ? cache[name]?.exports : undefined;
    if (typeof exports === 'object' && exports !== null) yield exports;
  }
}
