import { CLICKSPAN_END_REASON, ERROR_TYPE } from '@clickspan/shared/attributes';
import { STATUS_ERROR } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { Span } from '@opentelemetry/api';

/** Takes a span in that is still open, as it would be if the function ran into its timeout now. */
export type TellInterrupted = (span: EndedSpan) => void;

/** The value of `error.type` and of `clickspan.end_reason`. */
export const TIMEOUT = 'timeout';

/**
 * A span that is still open, as it would be if the function ran into its timeout now. It stays open itself: should it go on,
 * it ends as any other, and is told once more, under the same id.
 *
 * @param isError it has failed by that, and not only come to no end
 * @returns `undefined` where it is not recorded, or has ended
 */
export function toInterrupted(span: Span, endUnixMs: number, isError: boolean): EndedSpan | undefined {
  if (!isOwn(span) || !span.isRecording()) return undefined;
  const { attributes, events, status } = span;
  return {
    ...span,
    endUnixMs,
    attributes: { ...attributes, [CLICKSPAN_END_REASON]: TIMEOUT, ...(isError && { [ERROR_TYPE]: TIMEOUT }) },
    events: [...events],
    status: isError
      ? { code: STATUS_ERROR, message: 'The function is about to run into its timeout.' }
      : status,
  };
}

function isOwn(span: Span): span is Span & EndedSpan {
  return 'startUnixMs' in span;
}
