import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import type { MovableClock } from '../../platform/clock.ts';
import type { Actions } from '../actions/actions.ts';
import type { Requests } from '../requests/trackRequests.ts';
import type { EarlyIds } from './earlyIds.ts';
import {
  MAX_EARLY,
  type EarlyEnd,
  type EarlyEvent,
  type EarlyRecords,
  type EarlyRequest,
} from './earlyRecords.ts';

/** What the snippet had. */
export interface TakenEarly {
  readonly records: readonly (EarlyEvent | EarlyRequest)[];
  /** The ids of the page's load. */
  readonly load: readonly [traceId: string, spanId: string];
  /** The session by which it has sampled. */
  readonly session: string;
}

/** What adopting needs. */
export interface AdoptDeps {
  readonly options: { readonly features: readonly string[] };
  readonly clock: MovableClock;
  readonly ids: Pick<EarlyIds, 'give'>;
  readonly current: {
    readonly runWith: <T>(context: Context, run: () => T) => T;
    resume(context: Context, counts?: boolean): void;
  };
  readonly actions: Pick<Actions, 'start' | 'at'>;
  readonly requests: Pick<Requests, 'start'>;
  readonly errors: { readonly handle: (event: Event) => void } | undefined;
  readonly toElementName: (element: Element) => string;
}

/**
 * Takes over from the inline snippet, if the page has it: from here on it keeps nothing, and the browser's functions are
 * back in their places, unless someone has come between.
 */
export function takeEarly(window: Window): TakenEarly | undefined {
  // By an index, so that the build does not take the name for one of ours.
  const holder = window as unknown as Record<string, EarlyRecords | undefined>;
  const early = holder['clickspanEarly'];
  if (!early) return undefined;
  holder['clickspanEarly'] = undefined;
  const [records, patches, session] = early;
  for (const [owner, name, original, patched] of patches) {
    const methods = owner as Record<string, unknown>;
    if (methods[name] === patched) methods[name] = original;
  }
  const [first, ...rest] = records;
  records[MAX_EARLY - 1] ??= first!;
  return { records: rest, load: [first![1], first![2]], session };
}

/**
 * Makes spans of what was kept, with the ids that were stamped, as if we had been there. The load has begun by then.
 */
export function adoptEarly(deps: AdoptDeps, { records, load }: TakenEarly): void {
  const { clock, ids, current, actions, requests } = deps;
  const contexts: Record<string, Context | undefined> = { [load[1]]: actions.at(Infinity)?.context };
  const at = <T>(timeMs: number, run: () => T): T => clock.at(clock.fromTimeStamp(timeMs), run);

  const adoptRequest = (record: EarlyRequest): void => {
    const [method = 'GET', , , parentSpanId, href, startMs, ...end] = record;
    const context = contexts[parentSpanId!] ?? ROOT_CONTEXT;
    const call = {
      method,
      url: new URL(href),
      canCarryHeaders: true,
    };
    const request = at(startMs, () => current.runWith(context, () => requests.start(call)));
    const finish = ([endMs, status, errorName = 'error', headers]: EarlyEnd, isOver = false): void =>
      at(endMs, () => {
        if (status || headers) request?.responded(status ?? 0, headers?.get('server-timing'), isOver);
        else request?.failed(errorName === 'AbortError' ? 'abort' : errorName);
      });
    // The browser's timing of what is over has come before us.
    if (end.length) return finish(end, true);
    record.push = (...later: unknown[]) => {
      // The page goes on in the same task.
      current.resume(context, true);
      finish(later as EarlyEnd);
      return 0;
    };
  };

  const adoptEvent = ([event, , spanId]: EarlyEvent): void => {
    const { type, isTrusted, timeStamp } = event;
    const target = event.target as Element;
    if (type !== 'click') return deps.errors?.handle(event);
    if (!isTrusted || !deps.options.features.includes(type)) return;
    const startUnixMs = clock.fromTimeStamp(timeStamp);
    const action = actions.start({ type, target, name: deps.toElementName(target), startUnixMs, isTrusted });
    contexts[spanId] = action?.context;
  };

  for (const record of records) {
    ids.give(record[1], record[2]);
    if (record.length > 3) adoptRequest(record as EarlyRequest);
    else adoptEvent(record as EarlyEvent);
  }
}
