/** How much memory the process has; 0 where that cannot be known, as when no file can be opened any more. */
export function readMemoryBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}
