import type { SpanContext } from '@opentelemetry/api';
import {
  CLICKSPAN_ACTION_NAVIGATION_TYPE,
  CLICKSPAN_DOM_CONTENT_LOADED_MS,
  CLICKSPAN_DOM_INTERACTIVE_MS,
  CLICKSPAN_LOADED_MS,
  CLICKSPAN_QUEUE_MS,
} from '@clickspan/shared/attributes';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { maskRoute } from '@clickspan/shared/masking';
import { toInvocationTiming } from '@clickspan/shared/serverTiming';
import { parseTraceparent } from '@clickspan/shared/traceContext';
import type { Clock } from '../../platform/clock.ts';
import type { Guard } from '../../platform/guard.ts';
import type { Listen } from '../../platform/listen.ts';
import type { After } from '../../platform/timers.ts';
import { toPhaseMs, toTimingAttributes } from '../../platform/timingPhases.ts';
import type { Action, ActionInit, Actions } from './actions.ts';
import type { ActionContext } from './observeInput.ts';

/** What the action of the page's load needs. */
export interface LoadDeps {
  readonly window: Window;
  readonly guard: Guard;
  readonly listen: Listen;
  readonly clock: Clock;
  readonly after: After;
  readonly actions: Actions;
  readonly current: LoadContext;
}

/** The part of the current context that the load uses. */
interface LoadContext extends ActionContext {
  beforeUse(run: () => void): void;
  readonly settle: () => void;
}

/**
 * Starts the action of the page's load. Until it settles, or the user does something, it is the cause of what has no
 * other. A page that is rendered in advance has loaded when it is shown, from then on, and one that comes back out of the
 * back/forward cache loads again.
 *
 * The page waits for the script that starts us, so the action begins in the next task, or before when something asks for its
 * context. What it tells is the same by then.
 *
 * @returns undo it
 */
export function startLoad(deps: LoadDeps): (() => void)[] {
  const { window, guard, listen, clock, after, current } = deps;
  const { document } = window;
  const begin = (
    navigationType: string | undefined,
    startMs: number,
    address: PageAddress,
    init?: Pick<ActionInit, 'link' | 'onEnd'>,
  ): Action | undefined =>
    deps.actions.start({
      ...init,
      type: 'load',
      name: maskRoute(address),
      href: address.href,
      startUnixMs: clock.fromTimeStamp(startMs),
      isTrusted: true,
      attributes: { [CLICKSPAN_ACTION_NAVIGATION_TYPE]: navigationType },
    });

  const beginFirst = (address: PageAddress): [action: Action | undefined, loadedUnixMs: number] => {
    const [navigation = {} as NavigationTiming] = window.performance.getEntriesByType(
      'navigation',
    ) as NavigationTiming[];
    const { activationStart = 0, fetchStart, responseStart, responseEnd, loadEventEnd } = navigation;
    const timing = toInvocationTiming(navigation.serverTiming);
    const action = begin(activationStart ? 'prerender' : navigation.type, activationStart, address, {
      // The document came before any script of ours, so its function could not be told our trace.
      link: timing.context,
      onEnd({ span }) {
        current.setBase(ROOT_CONTEXT);
        const context = timing.context ? undefined : toMetaContext(document);
        if (context) span.addLink({ context });
        span.setAttributes({
          ...toTimingAttributes(navigation, CLICKSPAN_QUEUE_MS),
          [CLICKSPAN_DOM_INTERACTIVE_MS]: toPhaseMs(activationStart, navigation.domInteractive),
          [CLICKSPAN_DOM_CONTENT_LOADED_MS]: toPhaseMs(activationStart, navigation.domContentLoadedEventEnd),
          [CLICKSPAN_LOADED_MS]: toPhaseMs(activationStart, navigation.loadEventEnd),
        });
      },
    });
    action?.waits.push({
      startUnixMs: clock.fromTimeStamp(fetchStart),
      untilUnixMs: clock.fromTimeStamp(responseEnd || responseStart),
      coldStartMs: timing.coldStartMs,
      serverMs: timing.handlerMs,
    });
    return [action, clock.fromTimeStamp(loadEventEnd)];
  };

  /** Notes where the page is now; the returned function begins the action. */
  const prepareFirst = (): (() => Action | undefined) => {
    const isLoaded = document.readyState === 'complete';
    // The page's scripts may go on from here before it begins.
    const { href, pathname, hash } = window.location;
    let release: (() => void) | undefined;
    if (!isLoaded) {
      listen(window, 'load', () => {
        current.settle();
        // Only when the page's own listeners have run.
        if (release) after(0, release);
        deps.actions.watchDom();
      });
    }
    return () => {
      const [action, loadedUnixMs] = beginFirst({ href, pathname, hash });
      if (!action) return undefined;
      if (isLoaded) {
        action.touch(loadedUnixMs);
        deps.actions.watchDom();
      } else {
        current.setBase(action.context);
        release = action.hold();
      }
      return action;
    };
  };

  /** What the page does at that comes of it. */
  const enter = (action: Action | undefined): void => current.enter(action?.context ?? ROOT_CONTEXT, true);
  const stops = [
    listen(window, 'pageshow', (event) => {
      const { persisted, timeStamp } = event as PageTransitionEvent;
      if (persisted) enter(begin('back_forward_cache', timeStamp, window.location));
    }),
  ];
  if ((document as PrerenderedDocument).prerendering) {
    stops.push(listen(document, 'prerenderingchange', () => enter(prepareFirst()())));
  } else {
    const first = prepareFirst();
    current.beforeUse(() => guard(first));
    after(0, current.settle);
  }
  return stops;
}

/** Where the page is. */
type PageAddress = Pick<Location, 'href' | 'pathname' | 'hash'>;

/** What a server that sends no `Server-Timing` may have written into the document's head. */
function toMetaContext(document: Document): SpanContext | undefined {
  const meta = document.querySelector<HTMLMetaElement>('meta[name=traceparent]');
  return parseTraceparent(meta?.content);
}

/** With the time at which a page that was rendered in advance was shown; not every browser has it. */
interface NavigationTiming extends PerformanceNavigationTiming {
  readonly activationStart?: number;
}

interface PrerenderedDocument extends Document {
  readonly prerendering?: boolean;
}
