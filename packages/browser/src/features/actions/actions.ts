import type { Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import {
  BROWSER_DOCUMENT_URL,
  CLICKSPAN_ACTION_COLD_START_MS,
  CLICKSPAN_ACTION_COLD_STARTS,
  CLICKSPAN_ACTION_MAIN_THREAD_MS,
  CLICKSPAN_ACTION_NETWORK_MS,
  CLICKSPAN_ACTION_REQUESTS,
  CLICKSPAN_ACTION_SERVER_MS,
  CLICKSPAN_ACTION_TYPE,
  CLICKSPAN_END_REASON,
  CLICKSPAN_SPAN_TYPE,
} from '@clickspan/shared/attributes';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { maskUrl } from '@clickspan/shared/masking';
import type { Clock } from '../../platform/clock.ts';
import type { After } from '../../platform/timers.ts';
import { createQuietEnd, type QuietEnd } from './quietEnd.ts';
import { toUnionMs, type RequestTime } from './timeSplit.ts';

/** What the user did. */
export type ActionType = 'load' | 'click' | 'submit' | 'key' | 'route' | 'custom';

/** One thing that the user did: the root of a trace. */
export interface Action extends Omit<QuietEnd, 'end' | 'endIfQuiet'> {
  readonly type: ActionType;
  /** Whether a user did it, and not a script. */
  readonly isTrusted: boolean;
  readonly span: Span;
  readonly spanContext: SpanContext;
  readonly context: Context;
  readonly startUnixMs: number;
  /** Notes a request; the returned function says that it has ended. */
  startRequest(startUnixMs: number): (end: RequestEnd) => void;
  /** Notes what the user waited for beside the requests that scripts make: the document. */
  addWait(time: RequestTime): void;
  /** Notes that the main thread was busy; only what lies within the action counts. */
  addMainThread(startUnixMs: number, endUnixMs: number): void;
}

/** How a request of an action has ended. */
export type RequestEnd = Omit<RequestTime, 'startUnixMs'>;

/** How an action begins. */
export interface ActionInit {
  readonly type: ActionType;
  readonly name: string;
  readonly startUnixMs: number;
  readonly isTrusted: boolean;
  /** What it points to, beside being the root of its own trace. */
  readonly link?: SpanContext | undefined;
  /** Told when the span has ended. */
  readonly onEnd?: () => void;
}

/** All actions of the page. */
export interface Actions {
  start(init: ActionInit): Action;
  /** The action to which a context belongs. */
  readonly of: (context: Context) => Action | undefined;
  /** The action that began last by a time; it may be over since a while: the latest few are kept. */
  at(unixMs: number): Action | undefined;
  /** Notes on all open actions that the main thread was busy. */
  addMainThread(startUnixMs: number, endUnixMs: number): void;
  /** Ends those that only wait for quiet: the page may not be seen again. */
  endQuiet(): void;
  /** Ends all; what still waited for something says why it ends. */
  endAll(reason: string): void;
}

/** What actions need of their surroundings. */
export interface ActionsDeps {
  readonly window: Window;
  readonly tracer: Tracer;
  readonly clock: Clock;
  readonly after: After;
}

/** So many actions can be found by their time. */
const MAX_LATEST = 10;
/** Sums of times are not exact. */
const TOLERANCE_MS = 0.01;
const ACTION_KEY: symbol = Symbol('clickspan.action');

/** Makes the registry of actions, without effects on the page. */
export function createActions(deps: ActionsDeps): Actions {
  const open = new Map<QuietEnd, Action>();
  const latest: Action[] = [];
  return {
    start(init) {
      const action = startAction(deps, init, open);
      latest.unshift(action);
      latest.length = Math.min(latest.length, MAX_LATEST);
      return action;
    },
    of: (context) => (context.getValue(ACTION_KEY) as (() => Action) | undefined)?.(),
    at: (unixMs) => latest.find(({ startUnixMs }) => startUnixMs <= unixMs + TOLERANCE_MS),
    addMainThread: (startUnixMs, endUnixMs) =>
      open.forEach((action) => action.addMainThread(startUnixMs, endUnixMs)),
    endQuiet: () => open.forEach((_action, quietEnd) => quietEnd.endIfQuiet()),
    endAll: (reason) => open.forEach((_action, quietEnd) => quietEnd.end(reason)),
  };
}

function startAction(
  { window, tracer, clock, after }: ActionsDeps,
  init: ActionInit,
  open: Map<QuietEnd, Action>,
): Action {
  const { type, startUnixMs, isTrusted, link } = init;
  const links: Link[] = link ? [{ context: link }] : [];
  const attributes = {
    [CLICKSPAN_SPAN_TYPE]: 'action',
    [CLICKSPAN_ACTION_TYPE]: type,
    [BROWSER_DOCUMENT_URL]: maskUrl(window.location),
  };
  const span = tracer.startSpan(init.name, { root: true, startTime: startUnixMs, attributes, links });
  let requests = 0;
  const times: RequestTime[] = [];
  const busy: RequestTime[] = [];

  const onEnd = (endUnixMs: number, reason: string | undefined): void => {
    open.delete(quietEnd);
    const unionMs = (list: RequestTime[], toPartMs?: (time: RequestTime) => number): number =>
      toUnionMs(list, startUnixMs, endUnixMs, toPartMs);
    const coldStarts = times.filter(({ coldStartMs }) => coldStartMs !== undefined).length;
    const coldMs = unionMs(times, ({ coldStartMs = 0 }) => coldStartMs);
    const serverMs = unionMs(times, ({ coldStartMs = 0, serverMs = 0 }) => coldStartMs + serverMs);
    span.setAttributes({
      [CLICKSPAN_ACTION_REQUESTS]: requests || undefined,
      [CLICKSPAN_ACTION_COLD_STARTS]: coldStarts || undefined,
      [CLICKSPAN_ACTION_COLD_START_MS]: toShortMs(coldMs),
      [CLICKSPAN_ACTION_SERVER_MS]: toShortMs(serverMs - coldMs),
      [CLICKSPAN_ACTION_NETWORK_MS]: toShortMs(unionMs(times) - serverMs),
      [CLICKSPAN_ACTION_MAIN_THREAD_MS]: toShortMs(unionMs(busy)),
      [CLICKSPAN_END_REASON]: reason,
    });
    span.end(endUnixMs);
    init.onEnd?.();
  };
  const quietEnd = createQuietEnd({ startUnixMs, now: clock.now, after, onEnd });
  const action: Action = {
    ...quietEnd,
    type,
    isTrusted,
    span,
    spanContext: span.spanContext(),
    context: withSpan(
      ROOT_CONTEXT.setValue(ACTION_KEY, () => action),
      span,
    ),
    startUnixMs,
    startRequest(requestUnixMs) {
      requests++;
      const release = quietEnd.hold();
      return (end) => {
        times.push({ startUnixMs: requestUnixMs, ...end });
        release(end.untilUnixMs);
      };
    },
    addWait: (time) => void times.push(time),
    addMainThread: (busyUnixMs, untilUnixMs) => void busy.push({ startUnixMs: busyUnixMs, untilUnixMs }),
  };
  open.set(quietEnd, action);
  return action;
}

/** A tenth of a millisecond is as fine as browsers tell; what is none is not told. */
function toShortMs(ms: number): number | undefined {
  return Math.round(ms * 10) / 10 || undefined;
}
