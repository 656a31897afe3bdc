import { isMainThread } from './mainThread.ts';

/** Set in the runtime's own process to its id; a process that finds another's id is a child of it. */
const MARKER = 'CLICKSPAN_PID';

/** Whether the environment serves many requests at once, in threads of the runtime client (Managed Instances). */
export function isConcurrent(): boolean {
  return process.env['AWS_LAMBDA_MAX_CONCURRENCY'] !== undefined;
}

/**
 * Whether this is not a thread of the function's own, nor a child of a process that was claimed: both inherit the function's
 * variables. The runtime client's threads are told by the global that it sets in them.
 */
export function isOwnProcess(): boolean {
  const marked = process.env[MARKER];
  const isRuntimeThread = isMainThread() || (isConcurrent() && 'awslambda' in globalThis);
  return isRuntimeThread && (marked === undefined || marked === String(process.pid));
}

/** From now on this process is the runtime's, and its children are not. */
export function claimProcess(): void {
  process.env[MARKER] = String(process.pid);
}
