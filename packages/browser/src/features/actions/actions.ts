import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import {
  BROWSER_DOCUMENT_URL,
  CLICKSPAN_ACTION_BLOCKING_SCRIPT,
  CLICKSPAN_ACTION_BLOCKING_SCRIPT_MS,
  CLICKSPAN_ACTION_COLD_START_MS,
  CLICKSPAN_ACTION_COLD_STARTS,
  CLICKSPAN_ACTION_ERRORS,
  CLICKSPAN_ACTION_MAIN_THREAD_MS,
  CLICKSPAN_ACTION_NETWORK_MS,
  CLICKSPAN_ACTION_REQUESTS,
  CLICKSPAN_ACTION_SERVER_MS,
  CLICKSPAN_ACTION_TYPE,
  CLICKSPAN_END_REASON,
  CLICKSPAN_SPAN_TYPE,
  ERROR_TYPE,
  URL_PATH,
  URL_TEMPLATE,
} from '@clickspan/shared/attributes';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { maskUrl } from '@clickspan/shared/masking';
import { STATUS_ERROR } from '@clickspan/shared/tracer';
import type { Clock } from '../../platform/clock.ts';
import { createDomChanges } from '../../platform/domChanges.ts';
import type { Guard } from '../../platform/guard.ts';
import type { After } from '../../platform/timers.ts';
import { createQuietEnd, type QuietEnd } from './quietEnd.ts';
import { toUnionMs, type RequestTime } from './timeSplit.ts';

/** What the user did. */
export type ActionType = 'load' | 'click' | 'submit' | 'key' | 'route' | 'custom';

/** What `beforeAction` is asked about. */
export interface ActionCandidate {
  readonly type: ActionType;
  /** Without the type, masked. */
  readonly name: string;
  /** The element, where there is one. */
  readonly target: Element | undefined;
}

/** Says of an action before it begins: its name, `false` for none at all, or nothing. */
export type BeforeAction = (candidate: ActionCandidate) => string | false | undefined;

/** One thing that the user did: the root of a trace. */
export interface Action extends Omit<QuietEnd, 'end' | 'endIfQuiet'> {
  readonly type: ActionType;
  /** Whether a user did it or the page names it so: what scripts click or submit meanwhile is part of it. */
  readonly isInput: boolean;
  readonly span: Span;
  readonly spanContext: SpanContext;
  readonly context: Context;
  readonly startUnixMs: number;
  /** How many requests it has made. */
  readonly requests: number;
  /** Whether something is known to have come of it. */
  readonly hasEffect: boolean;
  /** Notes a request; the returned function says that it has ended. */
  startRequest(startUnixMs: number): (end: RequestEnd) => void;
  /** Notes what the user waited for beside the requests that scripts make: the document. */
  addWait(time: RequestTime): void;
  /** Notes an error; its type, when it is one that nobody has caught: then the action has failed. */
  addError(failure: string | undefined): void;
  /**
   * Notes that the main thread was busy; only what lies within the action counts.
   *
   * @param script the one that kept it so, if there was one
   */
  addMainThread(startUnixMs: number, endUnixMs: number, script?: BlockingScript): void;
  /** Notes that it has changed the page's address. */
  addRoute(path: string): void;
  /** Says that it turns out to be something else, which `beforeAction` may name or drop. */
  become(candidate: ActionCandidate): void;
}

/** A script that has kept the main thread busy in one go. */
export interface BlockingScript {
  readonly url: string;
  readonly ms: number;
}

/** How a request of an action has ended. */
export type RequestEnd = Omit<RequestTime, 'startUnixMs'>;

/** How an action begins. */
export interface ActionInit extends Omit<ActionCandidate, 'target'> {
  readonly target?: Element;
  readonly startUnixMs: number;
  readonly isTrusted: boolean;
  readonly attributes?: Attributes | undefined;
  /** What it points to, beside being the root of its own trace. */
  readonly link?: SpanContext | undefined;
  /** Told before the span ends; `false` drops it: nothing has come of it. */
  readonly onEnd?: (action: Action, endUnixMs: number) => boolean | void;
}

/** All actions of the page. */
export interface Actions {
  /** @returns `undefined` when `beforeAction` wants none */
  start(init: ActionInit): Action | undefined;
  /** The action to which a context belongs. */
  readonly of: (context: Context) => Action | undefined;
  /** The action that began last by a time; it may be over since a while: the latest few are kept. */
  at(unixMs: number): Action | undefined;
  /** Notes on all open actions that the main thread was busy. */
  addMainThread(startUnixMs: number, endUnixMs: number, script?: BlockingScript): void;
  /** Names the route that the page has come to, and so the action that led there. */
  setRoute(pattern: string): void;
  /** Observes the DOM for as long as an action is open; before the load is over, only when the user has done something. */
  watchDom(): void;
  /** Notes that something has happened whose cause is not known. */
  readonly stir: () => void;
  /** How often something has happened whose cause is not known. */
  readonly stirs: () => number;
  /** Ends those that only wait for quiet: the page may not be seen again. */
  endQuiet(): void;
  /** Ends all; what still waited for something says why it ends. */
  endAll(reason: string): void;
}

/** What actions need of their surroundings. */
export interface ActionsDeps {
  readonly window: Window & typeof globalThis;
  readonly tracer: Tracer;
  readonly clock: Clock;
  readonly after: After;
  readonly guard: Guard;
  readonly current: { readonly get: () => Context };
  readonly options: { readonly beforeAction: BeforeAction | undefined };
  /** Told before each action: something is done. */
  readonly onStart?: () => void;
}

/** So many actions can be found by their time. */
const MAX_LATEST = 10;
/** Sums of times are not exact. */
const TOLERANCE_MS = 0.01;
/** What is asked for later than this is not waited for; that something comes of it is taken for sure. */
const MAX_EFFECT_MS = 1000;
const ACTION_KEY: symbol = Symbol('clickspan.action');

/** Makes the registry of actions, without effects on the page. */
export function createActions({
  window,
  tracer,
  clock,
  after,
  guard,
  current,
  options,
  onStart,
}: ActionsDeps): Actions {
  const open = new Map<Action, QuietEnd>();
  const latest: Action[] = [];
  let route: string | undefined;
  /** The action that has changed the address last, or the load. */
  let routed: Action | undefined;
  let stirs = 0;
  const of: Actions['of'] = (context) => (context.getValue(ACTION_KEY) as (() => Action) | undefined)?.();
  const stir = (): void => void stirs++;
  const dom = createDomChanges(window, () =>
    guard(() => {
      const cause = of(current.get());
      if (cause) cause.settle();
      else stir();
    }),
  );

  const toSpanName = ({ type, name, target }: ActionCandidate): string | false => {
    const answer = guard(() => options.beforeAction?.({ type, name, target }));
    return answer !== false && (type === 'custom' ? '' : `${type} `) + (answer || name);
  };

  let href: string | undefined;
  let maskedUrl = '';
  /** Masking takes longer than all else of a click, and most pages keep their address for many. */
  const toMaskedUrl = (): string => {
    const { location } = window;
    if (location.href !== href) {
      href = location.href;
      maskedUrl = maskUrl(location);
    }
    return maskedUrl;
  };

  const start = (init: ActionInit): Action | undefined => {
    const { startUnixMs, isTrusted, link } = init;
    onStart?.();
    const spanName = toSpanName(init as ActionCandidate);
    if (!spanName) return undefined;
    const links: Link[] = link ? [{ context: link }] : [];
    const span = tracer.startSpan(spanName, {
      root: true,
      startTime: startUnixMs,
      attributes: {
        ...init.attributes,
        [CLICKSPAN_SPAN_TYPE]: 'action',
        [CLICKSPAN_ACTION_TYPE]: init.type,
        [BROWSER_DOCUMENT_URL]: toMaskedUrl(),
        [URL_TEMPLATE]: isArrival(init.type) ? undefined : route,
      },
      links,
    });
    const times: RequestTime[] = [];
    const busy: RequestTime[] = [];
    let { type } = init;
    let isDropped = false;
    let requests = 0;
    let errors = 0;
    let blockedMs = 0;
    let hasEffect = false;

    const onEnd = (endUnixMs: number, reason: string | undefined): void => {
      open.delete(action);
      if (!open.size) dom.stop();
      const unionMs = (list: RequestTime[], toPartMs?: (time: RequestTime) => number): number =>
        toUnionMs(list, startUnixMs, endUnixMs, toPartMs);
      const coldMs = unionMs(times, ({ coldStartMs = 0 }) => coldStartMs);
      const serverMs = unionMs(times, ({ coldStartMs = 0, serverMs = 0 }) => coldStartMs + serverMs);
      span.setAttributes({
        [CLICKSPAN_ACTION_REQUESTS]: requests || undefined,
        [CLICKSPAN_ACTION_COLD_STARTS]:
          times.filter(({ coldStartMs }) => coldStartMs !== undefined).length || undefined,
        [CLICKSPAN_ACTION_COLD_START_MS]: toShortMs(coldMs),
        [CLICKSPAN_ACTION_SERVER_MS]: toShortMs(serverMs - coldMs),
        [CLICKSPAN_ACTION_NETWORK_MS]: toShortMs(unionMs(times) - serverMs),
        [CLICKSPAN_ACTION_MAIN_THREAD_MS]: toShortMs(unionMs(busy)),
        [CLICKSPAN_END_REASON]: reason,
      });
      if (init.onEnd?.(action, endUnixMs) !== false && !isDropped) span.end(endUnixMs);
    };
    const quietEnd = createQuietEnd({ startUnixMs, now: clock.now, after, onEnd });
    const action: Action = {
      ...quietEnd,
      get type() {
        return type;
      },
      get requests() {
        return requests;
      },
      get hasEffect() {
        return hasEffect;
      },
      isInput: isTrusted && !isArrival(type),
      span,
      spanContext: span.spanContext(),
      context: withSpan(
        ROOT_CONTEXT.setValue(ACTION_KEY, () => action),
        span,
      ),
      startUnixMs,
      settle() {
        hasEffect = true;
        quietEnd.settle();
      },
      expect(delayMs) {
        hasEffect ||= delayMs > MAX_EFFECT_MS;
        quietEnd.expect(delayMs);
      },
      startRequest(requestUnixMs) {
        requests++;
        hasEffect = true;
        const release = quietEnd.hold();
        return (end) => {
          times.push({ startUnixMs: requestUnixMs, ...end });
          release(end.untilUnixMs);
        };
      },
      addError(failure) {
        hasEffect = true;
        span.setAttribute(CLICKSPAN_ACTION_ERRORS, ++errors);
        if (failure) span.setAttribute(ERROR_TYPE, failure).setStatus({ code: STATUS_ERROR });
      },
      addWait: (time) => void times.push(time),
      addMainThread(busyUnixMs, untilUnixMs, script) {
        busy.push({ startUnixMs: busyUnixMs, untilUnixMs });
        if (!script || script.ms <= blockedMs || untilUnixMs <= startUnixMs) return;
        blockedMs = script.ms;
        span.setAttributes({
          [CLICKSPAN_ACTION_BLOCKING_SCRIPT]: script.url,
          [CLICKSPAN_ACTION_BLOCKING_SCRIPT_MS]: script.ms,
        });
      },
      addRoute(path) {
        hasEffect = true;
        routed = action;
        span.addEvent('route', { [URL_PATH]: path });
        quietEnd.touch();
      },
      become(candidate) {
        const name = toSpanName(candidate);
        isDropped = !name;
        if (!name) return;
        ({ type } = candidate);
        span.updateName(name).setAttribute(CLICKSPAN_ACTION_TYPE, type);
      },
    };
    if (isArrival(type)) routed = action;
    open.set(action, quietEnd);
    latest.unshift(action);
    latest.length = Math.min(latest.length, MAX_LATEST);
    if (type !== 'load') dom.start();
    return action;
  };

  return {
    start,
    of,
    at: (unixMs) => latest.find(({ startUnixMs }) => startUnixMs <= unixMs + TOLERANCE_MS),
    addMainThread: (...busy) => open.forEach((_quietEnd, action) => action.addMainThread(...busy)),
    setRoute(pattern) {
      route = pattern;
      if (!routed?.isOpen()) return;
      const { type, span } = routed;
      const attributes = { [URL_TEMPLATE]: pattern };
      if (isArrival(type)) {
        routed.become({ type, name: pattern, target: undefined });
        span.setAttributes(attributes);
      } else span.addEvent('route', attributes);
    },
    watchDom: () => {
      if (open.size) dom.start();
    },
    stir,
    stirs: () => stirs,
    endQuiet: () => open.forEach((quietEnd) => quietEnd.endIfQuiet()),
    endAll: (reason) => open.forEach((quietEnd) => quietEnd.end(reason)),
  };
}

/** Whether the address of the page is what an action is about. */
function isArrival(type: ActionType): boolean {
  return type === 'load' || type === 'route';
}

/** A tenth of a millisecond is as fine as browsers tell; what is none is not told. */
function toShortMs(ms: number): number | undefined {
  return Math.round(ms * 10) / 10 || undefined;
}
