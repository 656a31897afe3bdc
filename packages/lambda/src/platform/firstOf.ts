import { after } from './timers.ts';

/** Resolves with a promise, or with false after a time; the timer does not keep the process alive. */
export function firstOf<T>(promise: Promise<T>, timeoutMs: number): Promise<T | false> {
  return new Promise((resolve, reject) => {
    const cancel = after(timeoutMs, () => resolve(false));
    promise.finally(cancel).then(resolve, reject);
  });
}
