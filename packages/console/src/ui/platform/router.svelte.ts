import { parseRoute } from '../routes.ts';
import type { Route } from '../routes.ts';

/** The address bar as state. */
export interface Router {
  readonly route: Route;
  /** Where the last page before this one was; absent when the reader came from elsewhere. */
  readonly previous: Route | undefined;
  readonly navigate: (path: string, options?: { readonly replace?: boolean }) => void;
}

/**
 * Follows the address bar, and takes clicks on links of these pages so that they need no reload.
 *
 * @returns the router and a way to let go
 */
export function startRouter(): Router & { readonly stop: () => void } {
  let route = $state.raw(parseRoute(new URL(location.href)));
  let previous = $state.raw<Route | undefined>();

  const follow = (): void => {
    const next = parseRoute(new URL(location.href));
    if (next.page !== route.page) previous = route;
    route = next;
  };
  const navigate: Router['navigate'] = (path, options) => {
    if (options?.replace) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    follow();
  };
  const onClick = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.defaultPrevented || event.button !== 0 || link.target || link.hasAttribute('download'))
      return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href, location.href);
    if (url.origin !== location.origin || link.getAttribute('href')?.startsWith('#')) return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  };
  addEventListener('popstate', follow);
  document.addEventListener('click', onClick);
  return {
    get route() {
      return route;
    },
    get previous() {
      return previous;
    },
    navigate,
    stop: () => {
      removeEventListener('popstate', follow);
      document.removeEventListener('click', onClick);
    },
  };
}
