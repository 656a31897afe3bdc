import type { Guard } from './guard.ts';

/** Listens to an event of the page, guarded; the returned function ends it. */
export type Listen = (target: EventTarget, type: string, handle: (event: Event) => void) => () => void;

/**
 * Makes a listener function: capture phase, so that we come before the page's own listeners, and passive.
 *
 * @param guard keeps our failures from the page
 */
export function createListen(guard: Guard): Listen {
  return (target, type, handle) => {
    const options = { capture: true, passive: true };
    const listener = (event: Event): void => {
      guard(() => handle(event));
    };
    target.addEventListener(type, listener, options);
    return () => target.removeEventListener(type, listener, options);
  };
}
