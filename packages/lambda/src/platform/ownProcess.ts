import { isMainThread } from 'node:worker_threads';

/** Set in the runtime's own process to its id; a process that finds another's id is a child of it. */
const MARKER = 'CLICKSPAN_PID';

/** Whether this is not a thread, nor a child of a process that was claimed: both inherit the function's variables. */
export function isOwnProcess(): boolean {
  const marked = process.env[MARKER];
  return isMainThread && (marked === undefined || marked === String(process.pid));
}

/** From now on this process is the runtime's, and its children are not. */
export function claimProcess(): void {
  process.env[MARKER] = String(process.pid);
}
