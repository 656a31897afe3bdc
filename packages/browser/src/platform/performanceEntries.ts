import type { Guard } from './guard.ts';

/** Of inputs (type `event`) the browser tells nothing faster, however little one asks for. */
const MIN_INPUT_MS = 16;

/** Entries as they come. */
export interface ObservedEntries {
  /** Hands over at once what the browser has ready. */
  readonly take: () => void;
  readonly stop: () => void;
}

/**
 * Observes performance entries of a type.
 *
 * @param guard keeps our failures from the page
 * @param onEntry called for each
 * @param buffered whether those that are there already are told, too
 * @returns where the browser has no such entries, nothing happens
 */
export function observeEntries(
  window: Window & typeof globalThis,
  guard: Guard,
  type: string,
  onEntry: (entry: PerformanceEntry) => void,
  buffered = true,
): ObservedEntries {
  const { PerformanceObserver } = window;
  if (!PerformanceObserver?.supportedEntryTypes?.includes(type)) return { take() {}, stop() {} };
  const handOver = (entries: PerformanceEntryList): void => guard(() => entries.forEach(onEntry));
  const observer = new PerformanceObserver((list) => handOver(list.getEntries()));
  observer.observe({ type, buffered, durationThreshold: MIN_INPUT_MS });
  return { take: () => handOver(observer.takeRecords()), stop: () => observer.disconnect() };
}
