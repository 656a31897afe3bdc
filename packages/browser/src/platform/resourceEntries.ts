/** Resource timing entries as they come. */
export interface ResourceEntries {
  /** Hands over at once what the browser has ready. */
  take(): void;
  stop(): void;
}

/**
 * Observes resource timing entries from now on.
 *
 * @param window gives `PerformanceObserver`
 * @param onEntry called for each entry, some time after its response has ended; must not throw
 */
export function observeResourceEntries(
  window: Window & typeof globalThis,
  onEntry: (entry: PerformanceResourceTiming) => void,
): ResourceEntries {
  const handOver = (entries: PerformanceEntryList): void =>
    entries.forEach((entry) => onEntry(entry as PerformanceResourceTiming));
  try {
    const observer = new window.PerformanceObserver((list) => handOver(list.getEntries()));
    observer.observe({ type: 'resource' });
    return { take: () => handOver(observer.takeRecords()), stop: () => observer.disconnect() };
  } catch {
    return { take() {}, stop() {} };
  }
}
