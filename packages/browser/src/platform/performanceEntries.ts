import type { Guard } from './guard.ts';

/** Of inputs (type `event`) the browser tells nothing faster, however little one asks for. */
const MIN_INPUT_MS = 16;

/**
 * Observes performance entries of a type, those that are there already included.
 *
 * @param guard keeps our failures from the page
 * @param onEntry called for each
 * @returns ends it; where the browser has no such entries, nothing happens
 */
export function observeEntries(
  window: Window & typeof globalThis,
  guard: Guard,
  type: string,
  onEntry: (entry: PerformanceEntry) => void,
): () => void {
  const { PerformanceObserver } = window;
  if (!PerformanceObserver?.supportedEntryTypes?.includes(type)) return () => {};
  const observer = new PerformanceObserver((list) => guard(() => list.getEntries().forEach(onEntry)));
  observer.observe({ type, buffered: true, durationThreshold: MIN_INPUT_MS });
  return () => observer.disconnect();
}
