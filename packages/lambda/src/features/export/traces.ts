import { CLICKSPAN_DROPPED_SPANS } from '@clickspan/shared/attributes';
import { encodeSpan, encodeTraces } from '@clickspan/shared/otlp';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { Signal } from '../../model/signal.ts';

/** How spans are written. */
export const TRACES: Signal<EndedSpan> = {
  name: 'traces',
  records: 'spans',
  encode: encodeSpan,
  encodeBatch: encodeTraces,
  droppedAttribute: CLICKSPAN_DROPPED_SPANS,
};
