import type { ServiceSummary, TraceSummary } from '../../../api/types.ts';
import { createCoalescer } from '../../platform/coalescer.ts';
import type { LiveStream } from '../../platform/liveStream.svelte.ts';
import { isPassing, RETRY_MS } from '../../platform/queryApi.ts';
import type { Answer, QueryApi } from '../../platform/queryApi.ts';
import { NO_FILTERS, toFilterQuery } from '../../routes.ts';
import type { TraceFilters } from '../../routes.ts';
import { appendTraces, mergeTraces } from './mergeTraces.ts';

/** Why there is no list. */
export type ListProblem = Exclude<Answer<never>, { status: 'ok' }>;

/** The trace list's state; it outlives the page, so that going back to the list is instant. */
export interface TraceListStore {
  readonly traces: readonly TraceSummary[];
  /** `loading` until these filters have had an answer. */
  readonly phase: 'loading' | 'ready' | 'failed';
  readonly problem: ListProblem | undefined;
  /** Is there more to load below? */
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  readonly services: readonly ServiceSummary[];
  readonly paused: boolean;
  /** Traces that came while the list was paused. */
  readonly heldBack: number;
  /** Traces that came while the page was open, for a short highlight. */
  readonly arrived: ReadonlySet<string>;
  /** Where the reader had scrolled to. */
  scrollY: number;
  /** The trace that the reader opened last, to go on from there. */
  openedId: string | undefined;
  /** Shows the traces that these filters let through, and keeps them fresh until `leave`. */
  readonly applyFilters: (filters: TraceFilters) => void;
  /** The list is not looked at: it rests. */
  readonly leave: () => void;
  readonly loadOlder: () => Promise<void>;
  readonly refresh: () => void;
  readonly setPaused: (paused: boolean) => void;
}

const PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 500;
/** New traces shall be seen within 2 s of their arrival; a burst of them is one read. */
const REFRESH_GAP_MS = 400;

/** Creates the list's state and lets it follow the live stream. */
export function createTraceListStore(api: QueryApi, live: LiveStream): TraceListStore {
  let traces = $state.raw<readonly TraceSummary[]>([]);
  let waiting = $state.raw<readonly TraceSummary[] | undefined>();
  let phase = $state<'loading' | 'ready' | 'failed'>('loading');
  let problem = $state.raw<ListProblem | undefined>();
  let nextBefore = $state<string | undefined>();
  let loadingOlder = $state(false);
  let services = $state.raw<readonly ServiceSummary[]>([]);
  let paused = $state(false);
  let arrived = $state.raw<ReadonlySet<string>>(new Set());
  let filters: TraceFilters = NO_FILTERS;
  let asked = false;
  let isWatched = false;
  let isStale = false;
  let retry: ReturnType<typeof setTimeout> | undefined;
  /** Services that the list of them was asked for; it covers a day, and a trace may be older. */
  const sought = new Set<string>();

  const refreshOnce = async (): Promise<void> => {
    const askedFor = filters;
    const limit = Math.min(MAX_PAGE_SIZE, Math.max(PAGE_SIZE, traces.length));
    const answer = await api.readTraces({ filters: askedFor, limit });
    // The filters have changed meanwhile; their own read is on its way.
    if (askedFor !== filters) return;
    if (answer.status !== 'ok') {
      problem = answer;
      if (phase !== 'ready') phase = 'failed';
      clearTimeout(retry);
      if (isPassing(answer)) retry = setTimeout(ask, RETRY_MS);
      return;
    }
    problem = undefined;
    void refreshServices(answer.value.traces);
    const isAll = answer.value.nextBefore === undefined;
    const merged = mergeTraces(answer.value.traces, traces, isAll);
    // A list that reaches as far down as before, or farther, keeps its own end: a page that is just full cannot tell
    // whether anything is older, and what was read below it could.
    const isDeeper = merged.at(-1)?.traceId !== traces.at(-1)?.traceId;
    if (phase !== 'ready' || isAll || (isDeeper && merged.length <= answer.value.traces.length))
      nextBefore = answer.value.nextBefore;
    if (paused && phase === 'ready') {
      waiting = merged;
      return;
    }
    show(merged);
  };
  const show = (merged: readonly TraceSummary[]): void => {
    const before = new Set(traces.map((trace) => trace.traceId));
    arrived =
      phase === 'ready'
        ? new Set(merged.filter((trace) => !before.has(trace.traceId)).map((trace) => trace.traceId))
        : new Set();
    traces = merged;
    waiting = undefined;
    phase = 'ready';
  };
  const refreshServices = async (seen: readonly TraceSummary[]): Promise<void> => {
    const names = seen.flatMap((trace) => trace.services);
    if (names.every((name) => sought.has(name))) return;
    for (const name of names) sought.add(name);
    const answer = await api.readServices();
    if (answer.status === 'ok') services = answer.value.services;
  };
  const coalescer = createCoalescer(refreshOnce, REFRESH_GAP_MS);
  const ask = (): void => {
    if (isWatched) coalescer.ask();
    else isStale = true;
  };
  live.subscribe(ask);

  return {
    get traces() {
      return traces;
    },
    get phase() {
      return phase;
    },
    get problem() {
      return problem;
    },
    get hasOlder() {
      return nextBefore !== undefined;
    },
    get loadingOlder() {
      return loadingOlder;
    },
    get services() {
      return services;
    },
    get paused() {
      return paused;
    },
    get heldBack() {
      const shown = new Set(traces.map((trace) => trace.traceId));
      return waiting?.filter((trace) => !shown.has(trace.traceId)).length ?? 0;
    },
    get arrived() {
      return arrived;
    },
    scrollY: 0,
    openedId: undefined,
    applyFilters: (wanted) => {
      isWatched = true;
      if (asked && toFilterQuery(wanted).toString() === toFilterQuery(filters).toString()) {
        if (isStale) ask();
        isStale = false;
        return;
      }
      asked = true;
      isStale = false;
      filters = wanted;
      phase = 'loading';
      traces = [];
      waiting = undefined;
      nextBefore = undefined;
      ask();
    },
    leave: () => {
      isWatched = false;
      clearTimeout(retry);
      if (phase === 'failed' || problem) isStale = true;
    },
    loadOlder: async () => {
      if (loadingOlder || nextBefore === undefined) return;
      loadingOlder = true;
      const askedFor = filters;
      const answer = await api.readTraces({ filters: askedFor, limit: PAGE_SIZE, before: nextBefore });
      loadingOlder = false;
      if (askedFor !== filters) return;
      if (answer.status !== 'ok') {
        problem = answer;
        return;
      }
      traces = appendTraces(traces, answer.value.traces);
      nextBefore = answer.value.nextBefore;
    },
    refresh: ask,
    setPaused: (wanted) => {
      paused = wanted;
      if (!wanted && waiting) show(waiting);
      if (!wanted) ask();
    },
  };
}
