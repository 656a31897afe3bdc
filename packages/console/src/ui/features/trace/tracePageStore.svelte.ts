import type { Trace } from '../../../api/types.ts';
import { createCoalescer } from '../../platform/coalescer.ts';
import type { LiveStream } from '../../platform/liveStream.svelte.ts';
import { isPassing, RETRY_MS } from '../../platform/queryApi.ts';
import type { Answer, QueryApi } from '../../platform/queryApi.ts';
import { createTraceView } from './traceView.ts';
import type { TraceView } from './traceView.ts';

/** One trace, kept fresh while its page is open. */
export interface TracePageStore {
  /** The newest state that was read; it stays while a later read fails. */
  readonly view: TraceView | undefined;
  readonly phase: 'loading' | 'ready' | 'failed';
  readonly problem: Exclude<Answer<never>, { status: 'ok' }> | undefined;
  readonly refresh: () => void;
  readonly stop: () => void;
}

const REFRESH_GAP_MS = 400;

/** Reads a trace, and reads it again whenever the live stream says that it has grown. */
export function startTracePageStore(api: QueryApi, live: LiveStream, traceId: string): TracePageStore {
  let view = $state.raw<TraceView | undefined>();
  let phase = $state<'loading' | 'ready' | 'failed'>('loading');
  let problem = $state.raw<TracePageStore['problem']>();
  let shown: Trace | undefined;
  let stopped = false;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const read = async (): Promise<void> => {
    const answer = await api.readTrace(traceId);
    if (stopped) return;
    if (answer.status !== 'ok') {
      problem = answer;
      if (!view) phase = 'failed';
      clearTimeout(retry);
      if (isPassing(answer)) retry = setTimeout(coalescer.ask, RETRY_MS);
      return;
    }
    problem = undefined;
    phase = 'ready';
    // Most reads of a finished trace bring nothing new, and drawing thousands of spans anew is work.
    if (shown && isSame(shown, answer.value)) return;
    shown = answer.value;
    view = createTraceView(answer.value);
  };
  const coalescer = createCoalescer(read, REFRESH_GAP_MS);
  coalescer.ask();
  const unsubscribe = live.subscribe((change) => {
    if (change.anything || change.traceIds.has(traceId)) coalescer.ask();
  });
  return {
    get view() {
      return view;
    },
    get phase() {
      return phase;
    },
    get problem() {
      return problem;
    },
    refresh: coalescer.ask,
    stop: () => {
      stopped = true;
      clearTimeout(retry);
      coalescer.stop();
      unsubscribe();
    },
  };
}

/** Spans never change once stored, so as many of them with the same ids are the same. */
function isSame(a: Trace, b: Trace): boolean {
  return (
    a.spans.length === b.spans.length &&
    a.truncated === b.truncated &&
    a.spans.every((span, index) => span.spanId === b.spans[index]?.spanId)
  );
}
