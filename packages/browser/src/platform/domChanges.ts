/** Tells of changes of the page's DOM, in the microtasks of the task that makes them. */
export interface DomChanges {
  start(): void;
  stop(): void;
}

/**
 * Makes the one observer of the DOM. What happens in a shadow tree is not seen.
 *
 * @param window gives `MutationObserver` and the document
 * @param onChange must not throw
 */
export function createDomChanges(window: Window & typeof globalThis, onChange: () => void): DomChanges {
  const observer = new window.MutationObserver(onChange);
  return {
    start: () =>
      observer.observe(window.document, {
        subtree: true,
        childList: true,
        attributes: true,
        characterData: true,
      }),
    stop: () => observer.disconnect(),
  };
}
