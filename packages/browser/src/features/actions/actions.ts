import type { Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
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
import type { Clock } from '../../platform/clock.ts';
import { maskUrl } from '../../platform/maskUrl.ts';
import type { After } from '../../platform/timers.ts';
import { createQuietEnd, type QuietEnd } from './quietEnd.ts';

/** What the user did. */
export type ActionType = 'load' | 'click' | 'route';

/** One thing that the user did: the root of a trace. */
export interface Action extends Omit<QuietEnd, 'end' | 'endIfQuiet'> {
  readonly type: ActionType;
  /** Whether a user did it, and not a script. */
  readonly isTrusted: boolean;
  readonly span: Span;
  readonly spanContext: SpanContext;
  readonly context: Context;
  /** Notes a request; the returned function says that it has ended. */
  startRequest(): (untilUnixMs: number, coldStartMs: number | undefined) => void;
  /** Notes that the user waited for a cold start; `undefined` when not. */
  addColdStart(coldStartMs: number | undefined): void;
}

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

const ACTION_KEY: symbol = Symbol('clickspan.action');

/** Makes the registry of actions, without effects on the page. */
export function createActions(deps: ActionsDeps): Actions {
  const open = new Set<QuietEnd>();
  return {
    start: (init) => startAction(deps, init, open),
    of: (context) => (context.getValue(ACTION_KEY) as (() => Action) | undefined)?.(),
    endQuiet: () => open.forEach((quietEnd) => quietEnd.endIfQuiet()),
    endAll: (reason) => open.forEach((quietEnd) => quietEnd.end(reason)),
  };
}

function startAction(
  { window, tracer, clock, after }: ActionsDeps,
  init: ActionInit,
  open: Set<QuietEnd>,
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
  let coldStarts = 0;
  let coldStartsMs = 0;

  const onEnd = (endUnixMs: number, reason: string | undefined): void => {
    open.delete(quietEnd);
    span.setAttributes({
      [CLICKSPAN_ACTION_REQUESTS]: requests || undefined,
      [CLICKSPAN_ACTION_COLD_STARTS]: coldStarts || undefined,
      [CLICKSPAN_ACTION_COLD_START_MS]: coldStarts ? coldStartsMs : undefined,
      [CLICKSPAN_END_REASON]: reason,
    });
    span.end(endUnixMs);
    init.onEnd?.();
  };
  const quietEnd = createQuietEnd({ startUnixMs, now: clock.now, after, onEnd });
  open.add(quietEnd);

  const addColdStart = (coldStartMs: number | undefined): void => {
    if (coldStartMs === undefined) return;
    coldStarts++;
    coldStartsMs += coldStartMs;
  };
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
    startRequest() {
      requests++;
      const release = quietEnd.hold();
      return (untilUnixMs, coldStartMs) => {
        addColdStart(coldStartMs);
        release(untilUnixMs);
      };
    },
    addColdStart,
  };
  return action;
}
