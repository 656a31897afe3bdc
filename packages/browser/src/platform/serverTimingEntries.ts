import type { ServerTimingMetric } from '@clickspan/shared/serverTiming';

/** What the browser has read of a response's `Server-Timing`, in the words that shared reads. */
export function toServerTimingMetrics(
  entries: readonly PerformanceServerTiming[] | undefined,
): ServerTimingMetric[] {
  return (entries ?? []).map(({ name, duration, description }) => ({
    name,
    durationMs: duration,
    description,
  }));
}
