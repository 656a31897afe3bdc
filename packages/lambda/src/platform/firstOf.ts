import { after } from './timers.ts';

/** Resolves with a promise, or with false after a time; the timer does not keep the process alive. */
export async function firstOf<T>(promise: Promise<T>, timeoutMs: number): Promise<T | false> {
  let cancel: (() => void) | undefined;
  const timeout = new Promise<false>((resolve) => {
    cancel = after(timeoutMs, () => resolve(false));
  });
  const first = await Promise.race([promise, timeout]);
  cancel?.();
  return first;
}
