import type { ServerTimingMetric } from '@clickspan/shared/serverTiming';
import type { Clock } from '../../platform/clock.ts';
import { toServerTimingMetrics } from '../../platform/serverTimingEntries.ts';

/** The wait for the resource timing entry of one request. */
export interface WatchedEntry {
  /** Calls back when the entry is there, at once if it is already. */
  whenThere(use: (metrics: readonly ServerTimingMetric[]) => void): void;
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
  use?: (metrics: readonly ServerTimingMetric[]) => void;
}

/** Sums of times are not exact. */
const TOLERANCE_MS = 0.01;

/**
 * Makes the one observer for all requests; it observes only while a request waits for its entry.
 */
export function createResourceTimings({ clock, observe }: ResourceTimingsDeps): ResourceTimings {
  const watches = new Set<Watch>();
  let stop: (() => void) | undefined;

  const onEntry = (entry: PerformanceResourceTiming): void => {
    const found = findWatch(
      [...watches].filter(({ url }) => url === withoutFragment(entry.name)),
      clock.fromTimeStamp(entry.startTime),
    );
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

/**
 * Finds the request of an entry among those to the same address: browsers stamp an entry within the call that makes the
 * request, so it lies between that call and the next.
 */
function findWatch(watches: readonly Watch[], entryUnixMs: number): Watch | undefined {
  return watches.find(
    ({ startUnixMs, metrics }, index) =>
      !metrics &&
      startUnixMs <= entryUnixMs + TOLERANCE_MS &&
      (watches[index + 1]?.startUnixMs ?? Infinity) >= entryUnixMs - TOLERANCE_MS,
  );
}

function withoutFragment(href: string): string {
  return href.split('#', 1)[0]!;
}
