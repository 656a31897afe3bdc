import { useEffect } from 'react';
import { matchRoutes, useLocation, type RouteObject } from 'react-router';
import { nameRoute } from '../features/routers/nameRoute.ts';

/** The part that is used of a router of React Router, as `createBrowserRouter()` gives it. */
export interface DataRouter {
  readonly state: RouterState;
  subscribe(listen: (state: RouterState) => void): () => void;
}

interface RouterState {
  readonly location: object;
  readonly matches: readonly RouteMatch[];
}

interface RouteMatch {
  readonly route: { readonly path?: string | undefined };
}

/**
 * Names route actions by the patterns of a router, such as `/orders/:id`, from now on.
 *
 * @param router from `createBrowserRouter()` or `createHashRouter()`
 * @returns ends it
 */
export function nameRoutes(router: DataRouter): () => void {
  let location: object | undefined;
  const name = (state: RouterState): void => {
    if (state.location === location) return;
    location = state.location;
    nameMatches(state.matches);
  };
  name(router.state);
  return router.subscribe(name);
}

/**
 * The same for an app that has `<BrowserRouter>` and its routes as objects: a hook, for a component inside the router.
 *
 * @param routes as given to `useRoutes()`; `createRoutesFromElements()` makes them of `<Route>` elements
 */
export function useRouteNames(routes: RouteObject[]): void {
  const location = useLocation();
  useEffect(() => nameMatches(matchRoutes(routes, location) ?? []), [routes, location]);
}

function nameMatches(matches: readonly RouteMatch[]): void {
  nameRoute(matches.map(({ route }) => route.path));
}
