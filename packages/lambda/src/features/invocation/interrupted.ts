import { CLICKSPAN_END_REASON, ERROR_TYPE } from '@clickspan/shared/attributes';
import { STATUS_ERROR } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { Span } from '@opentelemetry/api';

/** Why a span does not come to its own end. */
export interface Interruption {
  /** The value of `clickspan.end_reason`. */
  readonly reason: string;
  /** Without one it is no error. */
  readonly errorType?: string;
  readonly message?: string;
}

/** Takes a span in that is still open, as it would be if it were interrupted now. */
export type TellInterrupted = (span: EndedSpan) => void;

/**
 * A span that is still open, as it would be if it were interrupted now. It stays open itself: should it go on, it ends as
 * any other, and is told once more, under the same id.
 *
 * @returns `undefined` where it is not recorded, or has ended
 */
export function toInterrupted(
  span: Span,
  endUnixMs: number,
  { reason, errorType, message }: Interruption,
): EndedSpan | undefined {
  if (!isOwn(span) || !span.isRecording()) return undefined;
  return {
    ...span,
    endUnixMs,
    attributes: {
      ...span.attributes,
      [CLICKSPAN_END_REASON]: reason,
      ...(errorType && { [ERROR_TYPE]: errorType }),
    },
    events: [...span.events],
    links: [...span.links],
    status: errorType ? { code: STATUS_ERROR, ...(message && { message }) } : span.status,
  };
}

function isOwn(span: Span): span is Span & EndedSpan {
  return 'startUnixMs' in span;
}
