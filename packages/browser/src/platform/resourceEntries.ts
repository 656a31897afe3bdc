/**
 * Observes resource timing entries from now on.
 *
 * @param window gives `PerformanceObserver`
 * @param onEntry called for each entry, some time after its response has ended
 * @returns ends it
 */
export function observeResourceEntries(
  window: Window & typeof globalThis,
  onEntry: (entry: PerformanceResourceTiming) => void,
): () => void {
  try {
    const observer = new window.PerformanceObserver((list) => {
      for (const entry of list.getEntries()) onEntry(entry as PerformanceResourceTiming);
    });
    observer.observe({ type: 'resource' });
    return () => observer.disconnect();
  } catch {
    return () => {};
  }
}
