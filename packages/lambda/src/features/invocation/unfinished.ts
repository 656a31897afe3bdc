import { ERROR_TYPE, CLICKSPAN_END_REASON } from '@clickspan/shared/attributes';
import { FLAG_SAMPLED } from '@clickspan/shared/traceContext';
import { STATUS_ERROR } from '@clickspan/shared/tracer';
import type { EndedSpan, Scope } from '@clickspan/shared/tracer';
import type { Attributes, Link, SpanContext, SpanKind } from '@opentelemetry/api';
import type { Outcome } from '../../model/outcome.ts';

/** An invocation under way: what is written down of it in case that its environment dies. Times are Unix ms. */
export interface Unfinished {
  readonly name: string;
  readonly kind: SpanKind;
  readonly startUnixMs: number;
  /** Not a number where it is unknown. */
  readonly deadlineUnixMs: number;
  readonly context: SpanContext;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  /** Its span is told; otherwise it is only counted. */
  readonly recorded: boolean;
  /** When the process was last seen at work. */
  readonly seenUnixMs: number;
  /** How much memory it had then. */
  readonly seenBytes: number;
}

/** How an invocation ended that could not say so itself. */
export interface Death {
  readonly errorType: 'timeout' | 'Runtime.OutOfMemory' | 'Runtime.ExitError';
  readonly reason: 'timeout' | 'out_of_memory' | 'killed';
  readonly message: string;
  readonly endUnixMs: number;
}

/** Above this share of its memory, a process that was killed is taken as one that had too little. */
const FULL_SHARE = 0.85;
/** A process that is seen at work every half second, and was so until shortly before the deadline, was stopped there. */
const SEEN_MARGIN_MS = 1500;

/**
 * Decides how an invocation ended whose process is gone without a word; pure. What cannot be known is not guessed: it was
 * killed, at some time after it was last seen.
 *
 * @param maxBytes the function's memory; not a number where it is unknown
 * @param nowUnixMs when the next process has found it
 */
export function decideDeath(unfinished: Unfinished, maxBytes: number, nowUnixMs: number): Death {
  const { deadlineUnixMs, startUnixMs, seenUnixMs, seenBytes } = unfinished;
  const lastUnixMs = Math.max(startUnixMs, seenUnixMs);
  if (seenBytes > maxBytes * FULL_SHARE)
    return {
      errorType: 'Runtime.OutOfMemory',
      reason: 'out_of_memory',
      message: 'The process was killed, with most of its memory in use.',
      endUnixMs: lastUnixMs,
    };
  if (nowUnixMs >= deadlineUnixMs && deadlineUnixMs - lastUnixMs <= SEEN_MARGIN_MS)
    return {
      errorType: 'timeout',
      reason: 'timeout',
      message: 'The function ran into its timeout.',
      endUnixMs: deadlineUnixMs,
    };
  return {
    errorType: 'Runtime.ExitError',
    reason: 'killed',
    message: 'The process was gone before the handler ended: killed, out of memory, or timed out while busy.',
    endUnixMs: lastUnixMs,
  };
}

/** Makes the span of an invocation whose process has died, under the id that it had. */
export function toRecoveredSpan(unfinished: Unfinished, death: Death, scope: Scope): EndedSpan {
  const { name, kind, startUnixMs, context, parentSpanId, attributes, links } = unfinished;
  return {
    // It may have been held; what died is told.
    context: { ...context, traceFlags: context.traceFlags | FLAG_SAMPLED },
    parentSpanId,
    parentIsRemote: parentSpanId !== '',
    name,
    kind,
    startUnixMs,
    endUnixMs: death.endUnixMs,
    attributes: { ...attributes, [ERROR_TYPE]: death.errorType, [CLICKSPAN_END_REASON]: death.reason },
    events: [],
    links,
    status: { code: STATUS_ERROR, message: death.message },
    scope,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
  };
}

/** How an invocation has ended whose process has died. */
export function toDeadOutcome({ attributes, startUnixMs }: Unfinished, death: Death): Outcome {
  const { errorType, endUnixMs, reason } = death;
  return { attributes, startUnixMs, endUnixMs, errorType, timedOut: reason === 'timeout' };
}
