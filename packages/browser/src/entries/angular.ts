import type { ActivatedRouteSnapshot, NavigationEnd, Router } from '@angular/router';
import { nameRoute } from '../features/routers/nameRoute.ts';

/** `EventType.NavigationEnd`, of which the type alone is imported. */
const NAVIGATION_END: NavigationEnd['type'] = 1;

/**
 * Names route actions by the patterns of a router, such as `/orders/:id`, from now on.
 *
 * @param router as injected, for example in `provideAppInitializer(() => void nameRoutes(inject(Router)))`
 * @returns ends it
 */
export function nameRoutes(router: Router): () => void {
  const subscription = router.events.subscribe((event) => {
    if (!('type' in event) || event.type !== NAVIGATION_END) return;
    const parts: (string | undefined)[] = [];
    for (let route: ActivatedRouteSnapshot | null = router.routerState.snapshot.root; route;) {
      parts.push(route.routeConfig?.path);
      route = route.firstChild;
    }
    nameRoute(parts);
  });
  return () => subscription.unsubscribe();
}
