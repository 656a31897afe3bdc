import type { ServerTimingMetric } from '@clickspan/shared/serverTiming';
import type { Clock } from '../../platform/clock.ts';
import { toServerTimingMetrics } from '../../platform/serverTimingEntries.ts';

/** The wait for the resource timing entry of one request. */
export interface WatchedEntry {
  /** Calls back when the entry is there, at once if it is already. */
  whenThere(use: (metrics: ServerTimingMetric[]) => void): void;
  cancel(): void;
}

/** Finds the resource timing entries of requests. */
export interface ResourceTimings {
  watch(url: URL, startUnixMs: number): WatchedEntry;
}

/** What it needs of its surroundings. */
export interface ResourceTimingsDeps {
  readonly clock: Clock;
  /** Observes entries from now on; returns what ends that. */
  readonly observe: (onEntry: (entry: PerformanceResourceTiming) => void) => () => void;
}

interface Watch {
  readonly url: string;
  readonly startUnixMs: number;
  metrics?: ServerTimingMetric[];
  use?: (metrics: ServerTimingMetric[]) => void;
}

/** Browsers make time stamps coarser, so an entry may seem to begin before its call. */
const TOLERANCE_MS = 1;

/**
 * Makes the one observer for all requests; it observes only while a request waits for its entry.
 */
export function createResourceTimings({ clock, observe }: ResourceTimingsDeps): ResourceTimings {
  const watches = new Set<Watch>();
  let stop: (() => void) | undefined;

  const onEntry = (entry: PerformanceResourceTiming): void => {
    const entryUnixMs = clock.fromTimeStamp(entry.startTime) + TOLERANCE_MS;
    const url = withoutFragment(entry.name);
    let found: Watch | undefined;
    // Among requests to the same address it is the one that began last before the entry did.
    for (const watch of watches) {
      if (watch.url === url && !watch.metrics && watch.startUnixMs <= entryUnixMs) found = watch;
    }
    if (!found) return;
    found.metrics = toServerTimingMetrics(entry.serverTiming);
    found.use?.(found.metrics);
  };

  return {
    watch(url, startUnixMs) {
      const watch: Watch = { url: withoutFragment(url.href), startUnixMs };
      watches.add(watch);
      stop ??= observe(onEntry);
      return {
        whenThere(use) {
          if (watch.metrics) use(watch.metrics);
          else watch.use = use;
        },
        cancel() {
          watches.delete(watch);
          if (watches.size) return;
          stop?.();
          stop = undefined;
        },
      };
    },
  };
}

function withoutFragment(href: string): string {
  return href.split('#', 1)[0]!;
}
