import type { HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-web';
import type { EndedSpan } from '@clickspan/shared/tracer';

/** Turns a finished span of the SDK into what the agent's encoder takes. */
export function toEndedSpan(span: ReadableSpan): EndedSpan {
  const { name, version = '' } = span.instrumentationScope;
  return {
    context: span.spanContext(),
    parentSpanId: span.parentSpanContext?.spanId ?? '',
    parentIsRemote: span.parentSpanContext?.isRemote === true,
    name: span.name,
    kind: span.kind,
    startUnixMs: toUnixMs(span.startTime),
    endUnixMs: toUnixMs(span.endTime),
    attributes: span.attributes,
    events: span.events.map((event) => ({
      name: event.name,
      unixMs: toUnixMs(event.time),
      attributes: event.attributes ?? {},
    })),
    links: span.links,
    status: span.status,
    scope: { name, version },
    droppedAttributes: span.droppedAttributesCount,
    droppedEvents: span.droppedEventsCount,
    droppedLinks: span.droppedLinksCount,
  };
}

function toUnixMs([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
