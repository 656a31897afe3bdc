import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import {
  BROWSER_DOCUMENT_URL,
  CLICKSPAN_ACTION_COLD_START_MS,
  CLICKSPAN_ACTION_COLD_STARTS,
  CLICKSPAN_ACTION_REQUESTS,
  CLICKSPAN_ACTION_TYPE,
  CLICKSPAN_END_REASON,
  CLICKSPAN_SPAN_TYPE,
} from '@clickspan/shared/attributes';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import type { After } from '../../platform/timers.ts';

/** What the user did. */
export type ActionType = 'load' | 'click' | 'route';

/** One thing that the user did: the root of a trace. */
export interface Action {
  readonly type: ActionType;
  /** Whether a user did it, and not a script. */
  readonly isTrusted: boolean;
  readonly span: Span;
  readonly spanContext: SpanContext;
  readonly context: Context;
  /** Whether the span still lasts. */
  isOpen(): boolean;
  /** Whether so much time has passed that new work belongs into a trace of its own, so that no trace goes on for ever. */
  isPastCap(): boolean;
  /** Notes that the action did something until now, or until the time given. */
  touch(untilUnixMs?: number): void;
  /** Waits for something of it; the returned function says that it is over. */
  hold(): (untilUnixMs?: number) => void;
  /** Says that more may come within a while, so that it is not ended before. */
  expect(delayMs: number): void;
  requestStarted(): void;
  requestEnded(untilUnixMs: number, coldStartMs: number | undefined): void;
  /** Notes that the user waited for a cold start in it. */
  addColdStart(coldStartMs: number | undefined): void;
}

/** How an action begins. */
export interface ActionInit {
  readonly type: ActionType;
  readonly name: string;
  readonly startUnixMs: number;
  readonly isTrusted: boolean;
  readonly attributes?: Attributes;
  readonly links?: Link[];
  /** Told when the span has ended. */
  readonly onEnd?: () => void;
}

/** All actions of the page. */
export interface Actions {
  start(init: ActionInit): Action;
  /** The action to which a context belongs. */
  readonly of: (context: Context) => Action | undefined;
  /** Ends those that only wait for quiet: the page may not be seen again. */
  endQuiet(): void;
  /** Ends all; what still waited for something says why it ends. */
  endAll(reason: string): void;
}

/** What actions need of their surroundings. */
export interface ActionsDeps {
  readonly tracer: Tracer;
  readonly now: () => number;
  readonly after: After;
  /** The page's address as it may be recorded. */
  readonly pageUrl: () => string;
}

const ACTION_KEY: symbol = Symbol('clickspan.action');
/** An action is over when nothing of it has happened for so long; its span ends where the last thing did. */
const QUIET_MS = 250;
/** No action lasts longer; work that it causes later starts a new trace with a link. */
const CAP_MS = 30_000;

/** Makes the registry of actions, without effects on the page. */
export function createActions(deps: ActionsDeps): Actions {
  const open = new Set<OpenAction>();
  return {
    start(init) {
      const action = startAction(deps, init, () => {
        open.delete(action);
        init.onEnd?.();
      });
      open.add(action);
      return action;
    },
    of: (context) => (context.getValue(ACTION_KEY) as (() => Action) | undefined)?.(),
    endQuiet: () => open.forEach((action) => action.isQuiet() && action.end()),
    endAll: (reason) => open.forEach((action) => action.end(action.isQuiet() ? undefined : reason)),
  };
}

interface OpenAction extends Action {
  isQuiet(): boolean;
  end(reason?: string): void;
}

function startAction(deps: ActionsDeps, init: ActionInit, onEnd: () => void): OpenAction {
  const { tracer, now, after } = deps;
  const { type, startUnixMs, isTrusted } = init;
  const span = tracer.startSpan(init.name, {
    root: true,
    startTime: startUnixMs,
    attributes: {
      [CLICKSPAN_SPAN_TYPE]: 'action',
      [CLICKSPAN_ACTION_TYPE]: type,
      [BROWSER_DOCUMENT_URL]: deps.pageUrl(),
      ...init.attributes,
    },
    ...(init.links && { links: init.links }),
  });
  const capUnixMs = Math.max(startUnixMs, now()) + CAP_MS;
  let lastUnixMs = startUnixMs;
  let waitUntilUnixMs = now() + QUIET_MS;
  let held = 0;
  let requests = 0;
  let coldStarts = 0;
  let coldStartMs = 0;
  let isOpen = true;
  let isChecking = false;

  const end = (reason?: string): void => {
    if (!isOpen) return;
    isOpen = false;
    cancelCap();
    if (requests) span.setAttribute(CLICKSPAN_ACTION_REQUESTS, requests);
    if (coldStarts) {
      span.setAttribute(CLICKSPAN_ACTION_COLD_STARTS, coldStarts);
      span.setAttribute(CLICKSPAN_ACTION_COLD_START_MS, coldStartMs);
    }
    if (reason) span.setAttribute(CLICKSPAN_END_REASON, reason);
    span.end(reason ? now() : lastUnixMs);
    onEnd();
  };
  const cancelCap = after(capUnixMs - now(), () => end('cap'));

  /** One timer at a time: it looks how long it is still to wait. */
  const check = (): void => {
    if (!isOpen || held || isChecking) return;
    const leftMs = waitUntilUnixMs - now();
    if (leftMs <= 0) return end();
    isChecking = true;
    after(leftMs, () => {
      isChecking = false;
      check();
    });
  };
  const expect = (delayMs: number): void => {
    waitUntilUnixMs = Math.max(waitUntilUnixMs, now() + delayMs + QUIET_MS);
    check();
  };
  const touch = (untilUnixMs: number = now()): void => {
    lastUnixMs = Math.max(lastUnixMs, untilUnixMs);
    expect(0);
  };

  const addColdStart = (waitedMs: number | undefined): void => {
    if (waitedMs === undefined) return;
    coldStarts++;
    coldStartMs += waitedMs;
  };

  const action: OpenAction = {
    type,
    isTrusted,
    span,
    spanContext: span.spanContext(),
    context: withSpan(
      ROOT_CONTEXT.setValue(ACTION_KEY, () => action),
      span,
    ),
    isOpen: () => isOpen,
    isPastCap: () => now() >= capUnixMs,
    touch,
    hold() {
      held++;
      let isOver = false;
      return (untilUnixMs) => {
        if (isOver) return;
        isOver = true;
        held--;
        touch(untilUnixMs);
      };
    },
    expect,
    requestStarted() {
      requests++;
      held++;
    },
    addColdStart,
    requestEnded(untilUnixMs, waitedMs) {
      addColdStart(waitedMs);
      held--;
      touch(untilUnixMs);
    },
    isQuiet: () => !held,
    end,
  };
  check();
  return action;
}
