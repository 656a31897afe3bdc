import type { Listen } from '../../platform/listen.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import type { CurrentContext } from './currentContext.ts';

/** What gives a request or a transaction of a database. */
const SOURCES: readonly (readonly [owner: string, methods: string])[] = [
  ['IDBFactory', 'open'],
  ['IDBDatabase', 'transaction'],
  ['IDBObjectStore', 'get getAll put add delete count openCursor'],
  ['IDBIndex', 'get getAll count openCursor'],
];
/** With these its tasks begin. */
const EVENTS: readonly string[] = ['success', 'error', 'complete', 'upgradeneeded'];

/**
 * Follows requests and transactions of IndexedDB: their events run with the context in which they were asked for.
 *
 * @returns undo it
 */
export function observeDatabases(
  window: Window & typeof globalThis,
  current: CurrentContext,
  listen: Listen,
): (() => void)[] {
  return SOURCES.flatMap(([owner, methods]) =>
    methods.split(' ').map((name) =>
      patchMethod(window[owner as 'IDBFactory']?.prototype, name, (original, self, args) => {
        const asked = current.get();
        const target = Reflect.apply(original, self, args);
        // The page may have put a function of its own in place, which gives anything.
        if (target instanceof window.EventTarget) {
          for (const type of EVENTS) listen(target, type, () => current.enter(asked, true));
        }
        return target;
      }),
    ),
  );
}
