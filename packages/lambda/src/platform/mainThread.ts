import { isBuiltinLoaded } from './loadedBuiltins.ts';

/**
 * Whether this is the process's main thread. In every other one Node itself has loaded `node:worker_threads`; where nobody
 * has, there is no need to ask it, which takes a cold start on Node 20 and 22 1.5 ms. Where it cannot be asked, on Node before
 * 20.16 and 22.3, this counts as none.
 */
export function isMainThread(): boolean {
  if (!isBuiltinLoaded('worker_threads')) return true;
  return (
    typeof process.getBuiltinModule === 'function' &&
    process.getBuiltinModule('node:worker_threads').isMainThread
  );
}
