import type { Clock } from '../../platform/clock.ts';
import type { ObservedEntries } from '../../platform/performanceEntries.ts';

/** A request that may get an entry. */
export interface AwaitedRequest {
  /** Without fragment. */
  readonly href: string;
  /** Before and after the call that has sent it; within lies the start of its entry. */
  startUnixMs: number;
  sentUnixMs: number;
  answeredUnixMs: number | undefined;
  entry: PerformanceResourceTiming | undefined;
  /** Told when it has its entry. */
  onEntry(): void;
}

/** Finds the resource timing entries of requests. */
export interface ResourceTimings {
  /** Observes until it is stopped; harmless when it does already. */
  start(): void;
  /** Hands out what the browser has ready. */
  take(): void;
  stop(): void;
}

/** What it needs of its surroundings. */
export interface ResourceTimingsDeps {
  readonly clock: Clock;
  /** Observes entries from now on. */
  readonly observe: (onEntry: (entry: PerformanceResourceTiming) => void) => ObservedEntries;
}

/** Sums of times are not exact. */
const TOLERANCE_MS = 0.01;

/**
 * Makes the one observer for all requests of the page.
 *
 * @param requests those that are open
 */
export function createResourceTimings(
  { clock, observe }: ResourceTimingsDeps,
  requests: Iterable<AwaitedRequest>,
): ResourceTimings {
  let entries: ObservedEntries | undefined;
  return {
    start() {
      entries ??= observe((entry) => {
        const found = findRequest(requests, entry, clock);
        if (!found) return;
        found.entry = entry;
        found.onEntry();
      });
    },
    take: () => entries?.take(),
    stop() {
      entries?.stop();
      entries = undefined;
    },
  };
}

/**
 * Finds the request of an entry: browsers stamp an entry within the call that makes the request. The clock of a page is
 * coarse, so calls one right after the other may both fit; then it is the one that was answered when the entry says.
 */
function findRequest(
  requests: Iterable<AwaitedRequest>,
  { name, startTime, responseStart, responseEnd }: PerformanceResourceTiming,
  { fromTimeStamp }: Clock,
): AwaitedRequest | undefined {
  const startUnixMs = fromTimeStamp(startTime);
  const answeredUnixMs = fromTimeStamp(responseStart || responseEnd);
  let found: AwaitedRequest | undefined;
  let least = Infinity;
  for (const request of requests) {
    if (
      request.entry ||
      startUnixMs < request.startUnixMs - TOLERANCE_MS ||
      startUnixMs > request.sentUnixMs + TOLERANCE_MS ||
      request.href !== name.split('#', 1)[0]
    )
      continue;
    const distanceMs = Math.abs((request.answeredUnixMs ?? 0) - answeredUnixMs);
    if (distanceMs < least) [found, least] = [request, distanceMs];
  }
  return found;
}
