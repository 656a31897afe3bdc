import { readFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

/**
 * The most memory that this process has ever had, in bytes: what Lambda reports as used. Not from `getrusage`, which also
 * counts what the process had been before it became this program.
 */
export function readPeakMemoryBytes(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // No Linux.
  }
  return process.memoryUsage.rss();
}

/** Which of the process's threads this is. */
export function readThreadId(): number {
  return threadId;
}
