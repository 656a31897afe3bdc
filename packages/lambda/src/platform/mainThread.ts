import { isBuiltinLoaded } from './loadedBuiltins.ts';

/**
 * Whether this is the process's main thread. In every other one Node itself has loaded `node:worker_threads`; where nobody
 * has, there is no need to ask it, which takes a cold start on Node 20 and 22 1.5 ms.
 */
export function isMainThread(): boolean {
  return !isBuiltinLoaded('worker_threads') || process.getBuiltinModule('node:worker_threads').isMainThread;
}
