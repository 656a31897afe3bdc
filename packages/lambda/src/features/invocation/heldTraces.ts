import { FLAG_SAMPLED } from '@clickspan/shared/traceContext';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { SpanContext } from '@opentelemetry/api';
import { toBareObject } from '../../platform/bareObject.ts';

/** Traces that are not sampled, kept in memory until it is known whether they are worth telling all the same. */
export interface HeldTraces {
  /** Runs what starts an invocation's span, which is recorded although it is not sampled. */
  startHeld<T>(start: () => T): T;
  /** Whether a span that is not sampled is recorded. */
  readonly records: (context: SpanContext) => boolean;
  /** A trace begins in which spans are held. */
  hold(traceId: string): void;
  /** Takes a span in that is not sampled. */
  readonly add: (span: EndedSpan) => void;
  /** Whatever is to come, what there is of the trace is told, and what comes. */
  keep(traceId: string): void;
  /** Tells a span, if its trace is kept by now. */
  readonly addKept: (span: EndedSpan) => void;
  /** The invocation is about to end: whether what there is of its trace is told, and what comes with it. */
  settle(traceId: string, keep: boolean): void;
}

interface HeldTrace {
  readonly spans: EndedSpan[];
  /** How many of its invocations have not been settled. */
  open: number;
  kept: boolean;
}

/** Of more spans, the oldest are given up. */
const MAX_SPANS = 512;
/** So many invocations at once; spans of older ones that are still open are not told any more. */
const MAX_TRACES = 256;

/**
 * Makes the keeper of held traces.
 *
 * @param emit takes spans that are told, flagged as sampled
 */
export function createHeldTraces(emit: (span: EndedSpan) => void): HeldTraces {
  const traces = new Map<string, HeldTrace>();
  let starting = false;
  const tell = (span: EndedSpan): void => {
    const { context } = span;
    emit(withContext(span, { ...context, traceFlags: context.traceFlags | FLAG_SAMPLED }));
  };
  const keep = (traceId: string): void => {
    const trace = traces.get(traceId);
    if (!trace) return;
    trace.kept = true;
    trace.spans.splice(0).forEach(tell);
  };
  return {
    startHeld(start) {
      starting = true;
      try {
        return start();
      } finally {
        starting = false;
      }
    },
    records: ({ traceId }) => starting || traces.has(traceId),
    hold(traceId) {
      const known = traces.get(traceId);
      if (known && known.open > 0) {
        known.open++;
        return;
      }
      const [oldest] = traces.keys();
      if (oldest !== undefined && traces.size >= MAX_TRACES) traces.delete(oldest);
      traces.set(traceId, { spans: [], open: 1, kept: false });
    },
    add(span) {
      const trace = traces.get(span.context.traceId);
      if (!trace) return;
      if (trace.kept) return tell(span);
      if (trace.spans.length >= MAX_SPANS) trace.spans.shift();
      trace.spans.push(span);
    },
    keep,
    addKept(span) {
      if (traces.get(span.context.traceId)?.kept) tell(span);
    },
    settle(traceId, isKept) {
      const trace = traces.get(traceId);
      if (!trace) return;
      trace.open--;
      // What was kept stays known: calls that have been answered end after the response.
      if (trace.kept || isKept) keep(traceId);
      else if (trace.open === 0) traces.delete(traceId);
    },
  };
}

/** The span's fields may come from a class, and are not its own. */
function withContext(span: EndedSpan, context: SpanContext): EndedSpan {
  return Object.create(span, { context: toBareObject({ value: context }) }) as EndedSpan;
}
