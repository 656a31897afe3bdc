import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { maskPath } from '@clickspan/shared/masking';
import { toInvocationTiming } from '@clickspan/shared/serverTiming';
import type { Clock } from '../../platform/clock.ts';
import { toServerTimingMetrics } from '../../platform/serverTimingEntries.ts';
import type { Listen } from '../../platform/listen.ts';
import type { After } from '../../platform/timers.ts';
import type { Actions } from './actions.ts';
import type { ActionContext } from './observeClicks.ts';

/** What the action of the page's load needs. */
export interface LoadDeps {
  readonly window: Window;
  readonly listen: Listen;
  readonly clock: Clock;
  readonly after: After;
  readonly actions: Actions;
  readonly current: ActionContext;
}

/**
 * Starts the action of the page's load. Until it settles, or the user does something, it is the cause of what has no
 * other.
 *
 * @returns undoes it
 */
export function startLoad({ window, listen, clock, after, actions, current }: LoadDeps): () => void {
  const { document, performance, location } = window;
  const [navigation] = performance.getEntriesByType('navigation') as NavigationTiming[];
  const timing = toInvocationTiming(toServerTimingMetrics(navigation?.serverTiming));
  const action = actions.start({
    type: 'load',
    name: `load ${maskPath(location.pathname)}`,
    startUnixMs: clock.fromTimeStamp(navigation?.activationStart ?? 0),
    isTrusted: true,
    // The document came before any script of ours, so its function could not be told our trace.
    link: timing.context,
    onEnd: () => current.setBase(ROOT_CONTEXT),
  });
  if (navigation) {
    action.addWait({
      startUnixMs: clock.fromTimeStamp(navigation.fetchStart),
      untilUnixMs: clock.fromTimeStamp(navigation.responseEnd || navigation.responseStart),
      coldStartMs: timing.coldStartMs,
      serverMs: timing.handlerMs,
    });
  }
  if (document.readyState === 'complete') {
    action.touch(clock.fromTimeStamp(navigation?.loadEventEnd ?? 0));
    return () => {};
  }
  current.setBase(action.context);
  const release = action.hold();
  // Only when the page's own listeners have run.
  return listen(window, 'load', () => void after(0, release));
}

/** With the time at which a page that was rendered in advance was shown; not every browser has it. */
interface NavigationTiming extends PerformanceNavigationTiming {
  readonly activationStart?: number;
}
