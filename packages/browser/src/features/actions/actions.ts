import type { Attributes, Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
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
export interface Action {
  readonly type: ActionType;
  /** Whether a user did it or the page names it so: what scripts click or submit meanwhile is part of it. */
  readonly isInput: boolean;
  readonly span: Span;
  readonly spanContext: SpanContext;
  readonly context: Context;
  readonly startUnixMs: number;
  readonly isOpen: boolean;
  /** How many requests it has made. */
  readonly requests: number;
  /** Whether something is known to have come of it. */
  readonly hasEffect: boolean;
  readonly isPastCap: () => boolean;
  /** Notes that something happened until now, or until the time given. */
  readonly touch: (untilUnixMs?: number) => void;
  /** Waits for something; the returned function says that it is over. */
  readonly hold: () => (untilUnixMs?: number) => void;
  /** Says that more may come after a while, so that the end is not decided before; the end does not move by that. */
  readonly expect: (delayMs: number) => void;
  /** Notes that it has changed the DOM. */
  readonly settle: () => void;
  /**
   * Ends it now. What is awaited makes that the end, and gives it the reason; else it has ended with what last happened.
   *
   * @param reason without one, it ends only if nothing is awaited
   */
  readonly end: (reason?: string) => void;
  /** Ends it if its time has come, else sees to being called again. */
  readonly check: () => void;
  /** Notes a request; the returned function says that it has ended. */
  startRequest(startUnixMs: number): (end: RequestEnd) => void;
  /** What the user waited for, beside requests that scripts make the document. */
  readonly waits: RequestTime[];
  /** Notes an error; its type, when it is one that nobody has caught: then the action has failed. */
  addError(failure: string | undefined): void;
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
  /** The page's address when it began, where that is not now. */
  readonly href?: string;
  readonly isTrusted: boolean;
  /** Whether its context is entered now, so that the end of its task is told: until then it needs no timer. */
  readonly isTask?: boolean;
  readonly attributes?: Attributes | undefined;
  /** What it points to, beside being the root of its own trace. */
  readonly link?: SpanContext | undefined;
  /** Told before the span ends; `false` drops it: nothing has come of it. */
  readonly onEnd?: (action: Action, endUnixMs: number) => boolean | void;
  /** Asked when it is quiet, and told of the last thing that happened: how many ms it is to be waited for more. */
  readonly onQuiet?: (action: Action, lastUnixMs: number) => number | undefined;
}

/** All actions of the page. */
export interface Actions {
  /** @returns `undefined` when `beforeAction` wants none */
  start(init: ActionInit): Action | undefined;
  /** The action to which a context belongs. */
  readonly of: (context: Context) => Action | undefined;
  /** Says that a task that counts for a context is over. */
  endTask(context: Context): void;
  /** The action that began last by a time; it may be over since a while: the latest few are kept. */
  at(unixMs: number): Action | undefined;
  /**
   * Notes that the main thread was busy; of an action only what lies within it counts.
   *
   * @param script the one that kept it so, if there was one
   */
  addMainThread(startUnixMs: number, endUnixMs: number, script?: BlockingScript): void;
  /** Names the route that the page has come to, and so the action that led there. */
  setRoute(pattern: string): void;
  /** Observes the DOM for as long as an action is open; before the load is over, only when the user has done something. */
  watchDom(): void;
  /** How often something has happened whose cause is not known. */
  stirs: number;
  /** Ends all, and what still waited for something says why; without a reason, only those that wait for nothing but quiet. */
  endAll(reason?: string): void;
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

/** So long must nothing have happened. */
const QUIET_MS = 250;
/**
 * Timers and changes of the DOM are not waited for longer after the last thing that happened beside them: they hide
 * messages, tick, animate and poll.
 */
const MAX_WAIT_MS = 1500;
/** No action lasts longer; work that it causes later starts a new trace with a link. */
const CAP_MS = 30_000;
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
  const { now } = clock;
  const open = new Set<Action>();
  /** Since the first of the open actions. */
  const busy: (RequestTime & { readonly script: BlockingScript | undefined })[] = [];
  const latest: Action[] = [];
  let route: string | undefined;
  /** The action that has changed the address last, or the load. */
  let routed: Action | undefined;
  const of: Actions['of'] = (context) => (context.getValue(ACTION_KEY) as (() => Action) | undefined)?.();
  const dom = createDomChanges(window, () =>
    guard(() => {
      const cause = of(current.get());
      if (cause) cause.settle();
      else actions.stirs++;
    }),
  );

  let checkUnixMs = Infinity;
  let cancelCheck: (() => void) | undefined;
  /** One timer for all: browsers take their time to start one. */
  const checkAt = (unixMs: number): void => {
    if (unixMs >= checkUnixMs) return;
    cancelCheck?.();
    checkUnixMs = unixMs;
    cancelCheck = after(unixMs - now(), () => {
      checkUnixMs = Infinity;
      open.forEach(({ check }) => guard(check));
    });
  };

  const toSpanName = ({ type, name, target }: ActionCandidate): string | false => {
    const answer = guard(() => options.beforeAction?.({ type, name, target }));
    return answer !== false && (type === 'custom' ? '' : `${type} `) + (answer || name);
  };

  const start = (init: ActionInit): Action | undefined => {
    const { startUnixMs, isTrusted, link, href = window.location.href } = init;
    onStart?.();
    const spanName = toSpanName(init as ActionCandidate);
    if (!spanName) return undefined;
    const span = tracer.startSpan(spanName, {
      root: true,
      startTime: startUnixMs,
      attributes: {
        ...init.attributes,
        [URL_TEMPLATE]: isArrival(init.type) ? undefined : route,
      },
      links: link ? [{ context: link }] : [],
    });
    const times: RequestTime[] = [];
    const capUnixMs = now() + CAP_MS;
    let lastUnixMs = startUnixMs;
    /** The last thing that happened beside timers and changes of the DOM. */
    let lastCauseUnixMs = startUnixMs;
    let waitUntilUnixMs = now() + QUIET_MS;
    let held = 0;
    let isDropped = false;
    let errors = 0;

    const extendTo = (unixMs: number): void => {
      lastUnixMs = Math.max(lastUnixMs, unixMs);
      waitFor(QUIET_MS);
    };
    const waitFor = (delayMs: number): void => {
      waitUntilUnixMs = Math.max(waitUntilUnixMs, now() + delayMs);
      action.check();
    };
    const action: Writable<Action> = {
      type: init.type,
      isInput: isTrusted && !isArrival(init.type),
      span,
      spanContext: span.spanContext(),
      context: withSpan(
        ROOT_CONTEXT.setValue(ACTION_KEY, () => action),
        span,
      ),
      startUnixMs,
      isOpen: true,
      requests: 0,
      hasEffect: false,
      isPastCap: () => now() >= capUnixMs,
      touch(untilUnixMs = now()) {
        lastCauseUnixMs = Math.max(lastCauseUnixMs, untilUnixMs);
        extendTo(untilUnixMs);
      },
      hold() {
        held++;
        let isOver = false;
        return (untilUnixMs) => {
          if (isOver) return;
          isOver = true;
          held--;
          action.touch(untilUnixMs);
        };
      },
      expect(delayMs) {
        action.hasEffect ||= delayMs > MAX_EFFECT_MS;
        if (now() + delayMs <= lastCauseUnixMs + MAX_WAIT_MS) waitFor(delayMs + QUIET_MS);
      },
      settle() {
        action.hasEffect = true;
        if (now() <= lastCauseUnixMs + MAX_WAIT_MS) extendTo(now());
      },
      check() {
        if (!action.isOpen) return;
        const dueUnixMs = held ? capUnixMs : Math.min(waitUntilUnixMs, capUnixMs);
        if (dueUnixMs > now()) return checkAt(dueUnixMs);
        const moreMs = init.onQuiet?.(action, lastUnixMs);
        if (moreMs) waitFor(moreMs);
        else action.end('cap');
      },
      end(reason) {
        if (held && !reason) return;
        action.isOpen = false;
        open.delete(action);
        const endUnixMs = held ? now() : lastUnixMs;
        const unionMs = (list: readonly RequestTime[], toPartMs?: (time: RequestTime) => number): number =>
          toUnionMs(list, startUnixMs, endUnixMs, toPartMs);
        const [blocked] = busy
          .flatMap(({ untilUnixMs, script }) => (untilUnixMs > startUnixMs && script) || [])
          .sort((a, b) => b.ms - a.ms);
        const coldMs = unionMs(times, ({ coldStartMs = 0 }) => coldStartMs);
        const serverMs = unionMs(times, ({ coldStartMs = 0, serverMs = 0 }) => coldStartMs + serverMs);
        // What is the same all the while is told here too: when the action begins, the page waits.
        span.setAttributes({
          [CLICKSPAN_SPAN_TYPE]: 'action',
          [CLICKSPAN_ACTION_TYPE]: action.type,
          [BROWSER_DOCUMENT_URL]: maskUrl(new URL(href)),
          [CLICKSPAN_ACTION_ERRORS]: errors || undefined,
          [CLICKSPAN_ACTION_REQUESTS]: action.requests || undefined,
          [CLICKSPAN_ACTION_COLD_STARTS]:
            times.filter(({ coldStartMs }) => coldStartMs !== undefined).length || undefined,
          [CLICKSPAN_ACTION_COLD_START_MS]: toShortMs(coldMs),
          [CLICKSPAN_ACTION_SERVER_MS]: toShortMs(serverMs - coldMs),
          [CLICKSPAN_ACTION_NETWORK_MS]: toShortMs(unionMs(times) - serverMs),
          [CLICKSPAN_ACTION_MAIN_THREAD_MS]: toShortMs(unionMs(busy)),
          [CLICKSPAN_ACTION_BLOCKING_SCRIPT]: blocked?.url,
          [CLICKSPAN_ACTION_BLOCKING_SCRIPT_MS]: blocked?.ms,
          [CLICKSPAN_END_REASON]: held || times.some(({ isCut }) => isCut) ? reason : undefined,
        });
        if (!open.size) {
          dom.stop();
          busy.length = 0;
        }
        if (init.onEnd?.(action, endUnixMs) !== false && !isDropped) span.end(endUnixMs);
      },
      startRequest(requestUnixMs) {
        action.requests++;
        action.hasEffect = true;
        const release = action.hold();
        return (end) => {
          times.push({ startUnixMs: requestUnixMs, ...end });
          release(end.untilUnixMs);
        };
      },
      addError(failure) {
        action.hasEffect = true;
        errors++;
        if (failure) span.setAttribute(ERROR_TYPE, failure).setStatus({ code: STATUS_ERROR });
      },
      waits: times,
      addRoute(path) {
        action.hasEffect = true;
        routed = action;
        span.addEvent('route', { [URL_PATH]: path });
        action.touch();
      },
      become(candidate) {
        const name = toSpanName(candidate);
        isDropped = !name;
        if (!name) return;
        action.type = candidate.type;
        span.updateName(name);
      },
    };
    if (isArrival(init.type)) routed = action;
    open.add(action);
    latest.unshift(action);
    latest.splice(MAX_LATEST);
    if (init.type !== 'load') dom.start();
    if (!init.isTask) action.check();
    return action;
  };

  const actions: Actions = {
    start,
    of,
    endTask(context) {
      of(context)?.touch();
      // The task may have begun with others.
      checkAt(now() + QUIET_MS);
    },
    at: (unixMs) => latest.find(({ startUnixMs }) => startUnixMs <= unixMs + TOLERANCE_MS),
    addMainThread(busyUnixMs, untilUnixMs, script) {
      if (open.size) busy.push({ startUnixMs: busyUnixMs, untilUnixMs, script });
    },
    setRoute(pattern) {
      route = pattern;
      if (!routed?.isOpen) return;
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
    stirs: 0,
    endAll: (reason) => open.forEach((action) => action.end(reason)),
  };
  return actions;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Whether the address of the page is what an action is about. */
function isArrival(type: ActionType): boolean {
  return type === 'load' || type === 'route';
}

/** A tenth of a millisecond is as fine as browsers tell; what is none is not told. */
function toShortMs(ms: number): number | undefined {
  return Math.round(ms * 10) / 10 || undefined;
}
