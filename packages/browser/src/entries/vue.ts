import type { Router } from 'vue-router';
import { nameRoute } from '../features/routers/nameRoute.ts';

/**
 * Names route actions by the patterns of a router, such as `/orders/:id`, from now on.
 *
 * @param router from `createRouter()` of Vue Router 4 or 5
 * @returns ends it
 */
export function nameRoutes(router: Pick<Router, 'afterEach'>): () => void {
  return router.afterEach((to) => nameRoute([to.matched.at(-1)?.path]));
}
