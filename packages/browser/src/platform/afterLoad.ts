import type { Guard } from './guard.ts';

/** Calls back when the page has loaded, is shown, and has nothing better to do; the returned function cancels. */
export type AfterLoad = (run: () => void) => () => void;

/** However busy a page is, what waits is not put off for longer. */
const MAX_WAIT_MS = 200;

/**
 * Makes a function for what may start late, so that the agent's own start stays short. It takes the browser's functions
 * before the page's are wrapped: no action is ever set for what it runs.
 */
export function createAfterLoad(window: Window, guard: Guard): AfterLoad {
  const { setTimeout, requestIdleCallback } = window as Partial<Window> & Pick<Window, 'setTimeout'>;
  return (run) => {
    let isWanted = true;
    const start = (): void => {
      if (isWanted) guard(run);
    };
    const { document } = window as { readonly document: Document & { readonly prerendering?: boolean } };
    const wait = (): void => {
      if (document.prerendering) document.addEventListener('prerenderingchange', wait, { once: true });
      else if (document.readyState !== 'complete') window.addEventListener('load', wait, { once: true });
      else if (requestIdleCallback) requestIdleCallback.call(window, start, { timeout: MAX_WAIT_MS });
      else setTimeout.call(window, start);
    };
    wait();
    return () => {
      isWanted = false;
    };
  };
}
