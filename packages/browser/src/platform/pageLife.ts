import type { Listen } from './listen.ts';

/** What happens to a page. */
export interface PageLifeListener {
  /** The page was hidden; it may never be seen again. */
  readonly onHidden: () => void;
  /** The page is left, perhaps to be restored later. */
  readonly onExit: () => void;
  /** The page is shown again as it was left. */
  readonly onRestored: () => void;
}

/**
 * Observes hiding and leaving. `pagehide` is dispatched at the window, and there is no `unload` here: it would keep the
 * page out of the back/forward cache.
 */
export function observePageLife(window: Window, listen: Listen, listener: PageLifeListener): () => void {
  const { document } = window;
  const stops = [
    listen(document, 'visibilitychange', () => {
      if (document.visibilityState === 'hidden') listener.onHidden();
    }),
    listen(window, 'pagehide', listener.onExit),
    listen(window, 'pageshow', (event) => {
      if ((event as PageTransitionEvent).persisted) listener.onRestored();
    }),
  ];
  return () => stops.forEach((stop) => stop());
}
