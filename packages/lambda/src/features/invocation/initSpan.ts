import {
  CLICKSPAN_INIT_MS,
  CLICKSPAN_INIT_PROACTIVE,
  CLICKSPAN_INIT_SUPPRESSED,
  CLICKSPAN_INIT_TYPE,
  CLICKSPAN_SPAN_TYPE,
} from '@clickspan/shared/attributes';
import { withSpan } from '@clickspan/shared/context';
import { KIND_INTERNAL } from '@clickspan/shared/tracer';
import type { Attributes, Context, Link, Tracer } from '@opentelemetry/api';
import type { Init } from './environmentStart.ts';

/** A restored environment was initialized when its snapshot was taken, long ago, and once for many. */
const SNAPSHOT = 'snap-start';

/**
 * Makes the span of an environment's start, with a child for each of its parts.
 *
 * @param parent in which context; a trace of its own where that is the root
 * @returns links to it; none where it is not recorded
 */
export function recordInit(tracer: Tracer, init: Init, parent: Context): Link[] {
  if (isRestored(init)) return [];
  const attributes = { [CLICKSPAN_SPAN_TYPE]: 'init', ...toKindAttributes(init) };
  const span = tracer.startSpan(
    'init',
    { kind: KIND_INTERNAL, startTime: init.startUnixMs, attributes },
    parent,
  );
  if (!span.isRecording()) return [];
  const context = withSpan(parent, span);
  for (const { name, startUnixMs, endUnixMs } of init.parts)
    tracer.startSpan(name, { kind: KIND_INTERNAL, startTime: startUnixMs }, context).end(endUnixMs);
  span.end(init.endUnixMs);
  return [{ context: span.spanContext() }];
}

/** What the first invocation says of its environment's start. */
export function toInitAttributes(init: Init): Attributes {
  return { ...toKindAttributes(init), [CLICKSPAN_INIT_MS]: toInitMs(init) };
}

/** How long the environment's start took, ms; `undefined` where it was restored from one that was started long ago. */
export function toInitMs(init: Init): number | undefined {
  if (isRestored(init)) return undefined;
  return Math.round((init.endUnixMs - init.startUnixMs) * 1000) / 1000;
}

/** What starts again in a restored environment, after its process has died, is no snapshot any more. */
function isRestored({ type, suppressed }: Init): boolean {
  return type === SNAPSHOT && !suppressed;
}

function toKindAttributes({ type, proactive, suppressed }: Init): Attributes {
  return {
    [CLICKSPAN_INIT_TYPE]: type,
    [CLICKSPAN_INIT_PROACTIVE]: proactive || undefined,
    [CLICKSPAN_INIT_SUPPRESSED]: suppressed || undefined,
  };
}
