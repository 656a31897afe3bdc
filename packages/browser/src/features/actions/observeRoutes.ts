import {
  CLICKSPAN_ACTION_SOFT_NAVIGATION,
  CLICKSPAN_ACTION_SOFT_NAVIGATION_MS,
} from '@clickspan/shared/attributes';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { maskRoute, maskUrl } from '@clickspan/shared/masking';
import type { AfterLoad } from '../../platform/afterLoad.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Guard } from '../../platform/guard.ts';
import type { Listen } from '../../platform/listen.ts';
import { patchMethod } from '../../platform/patchMethod.ts';
import { observeEntries } from '../../platform/performanceEntries.ts';
import type { Actions } from './actions.ts';
import type { ActionContext } from './observeInput.ts';

/** What observing route changes needs. */
export interface RoutesDeps {
  readonly window: Window & typeof globalThis;
  readonly listen: Listen;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly afterLoad: AfterLoad;
  readonly actions: Actions;
  readonly current: ActionContext;
}

/** How the page came to another address without loading: the user went through the history, or a script did it. */
type RouteCause = 'traverse' | 'script';

/**
 * Observes changes of the page's address that load nothing. One within a running action belongs to that; any other is an
 * action of its own.
 *
 * @returns undo it
 */
export function observeRoutes(deps: RoutesDeps): (() => void)[] {
  const { window, listen, guard, clock, afterLoad, current } = deps;
  const { location } = window;
  const { navigation } = window as WithNavigation;
  let lastHref = location.href;

  const changed = (cause: RouteCause): void => {
    const { href } = location;
    if (href === lastHref) return;
    lastHref = href;
    const { actions } = deps;
    const running = actions.of(current.get());
    // Without the Navigation API, a change of the fragment by a click looks like a way through the history, but for its task.
    if ((cause === 'script' || !navigation) && running?.isOpen) {
      running.addRoute(maskRoute(location));
      return;
    }
    const action = actions.start({
      type: 'route',
      name: maskRoute(location),
      startUnixMs: clock.now(),
      isTrusted: cause === 'traverse',
      isTask: true,
      // What caused it is over, yet known.
      link: cause === 'script' ? running?.spanContext : undefined,
    });
    const context = action?.context ?? ROOT_CONTEXT;
    if (cause === 'traverse') {
      current.setBase(ROOT_CONTEXT);
      current.enter(context, true);
    } else current.resume(context, true);
  };
  const stops: (() => void)[] = [
    listen(navigation ?? window, navigation ? 'currententrychange' : 'popstate', (event) =>
      changed(
        !navigation || (event as EntryChangeEvent).navigationType === 'traverse' ? 'traverse' : 'script',
      ),
    ),
  ];
  if (!navigation) {
    const history = Object.getPrototypeOf(window.history) as object;
    for (const name of ['pushState', 'replaceState']) {
      stops.push(
        patchMethod(history, name, (original, self, args) => {
          const result = Reflect.apply(original, self, args);
          guard(() => changed('script'));
          return result;
        }),
      );
    }
  }
  const stopWaiting = afterLoad(() => {
    const { stop } = observeEntries(window, guard, 'soft-navigation', ({ name, startTime, duration }) => {
      // It carries the time stamp of the input that caused it.
      const action = deps.actions.at(clock.fromTimeStamp(startTime));
      action?.span.setAttributes({
        [CLICKSPAN_ACTION_SOFT_NAVIGATION]: maskUrl(new URL(name)),
        [CLICKSPAN_ACTION_SOFT_NAVIGATION_MS]: duration,
      });
    });
    stops.push(stop);
  });
  return [stopWaiting, () => stops.forEach((stop) => stop())];
}

/** The part of the Navigation API that is used; not every browser has it. */
interface WithNavigation {
  readonly navigation?: EventTarget;
}

interface EntryChangeEvent extends Event {
  readonly navigationType: string | null;
}
