import type { InvocationOutcome } from '../../platform/invocation.ts';
import type { ProcessExit } from './sandboxProcess.ts';

/** Why a sandbox can serve no longer. */
export interface SandboxFailure {
  /** For example `Runtime.ExitError`. */
  readonly errorType: string;
  readonly reason: string;
  /** The runtime's own words, where it could still say them. */
  readonly payload?: Buffer | undefined;
}

/**
 * Says why a sandbox could not even be opened.
 *
 * @param error what was thrown
 */
export function toOpeningFailure(error: unknown): SandboxFailure {
  const reason = error instanceof Error ? error.message : String(error);
  const payload = Buffer.from(JSON.stringify({ errorType: 'Sandbox.Failure', errorMessage: reason }));
  return { errorType: 'Sandbox.Failure', reason, payload };
}

/**
 * Says why a runtime's end is a failure. The first thing that went wrong is what the caller is told (rapid core, appctx
 * `StoreFirstFatalError`).
 *
 * @param exit how the process ended
 * @param first what type of error had been told before
 */
export function toRuntimeFailure(
  { failure, neverStarted }: ProcessExit,
  first: string | undefined,
): SandboxFailure {
  if (neverStarted) return { errorType: 'Runtime.InvalidEntrypoint', reason: failure ?? '' };
  const reason =
    failure === undefined
      ? 'Runtime exited without providing a reason'
      : `Runtime exited with error: ${failure}`;
  return { errorType: first ?? 'Runtime.ExitError', reason };
}

/**
 * Says why an external extension's end is a failure.
 *
 * @param exit how the process ended
 * @param first what type of error had been told before
 */
export function toExtensionFailure(
  { failure, neverStarted }: ProcessExit,
  first: string | undefined,
): SandboxFailure {
  const errorType = neverStarted ? 'Extension.LaunchError' : (first ?? 'Extension.Crash');
  return { errorType, reason: failure ?? 'exit code 0' };
}

/**
 * Says of an invocation that its time is over.
 *
 * @param timeoutMs how long it might run
 */
export function toTimeoutFailure(timeoutMs: number): SandboxFailure {
  const reason = `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
  return { errorType: 'Sandbox.Timedout', reason };
}

/**
 * Tells a failure for want of memory: the kernel says of a process that it has killed no more than of any other.
 *
 * @param failure as the process's end tells it
 * @param oomKills how many processes the kernel has killed for that since the last failure
 */
export function toMemoryFailure(failure: SandboxFailure, oomKills: number): SandboxFailure {
  return oomKills > 0 && failure.errorType === 'Runtime.ExitError'
    ? { ...failure, errorType: 'Runtime.OutOfMemory' }
    : failure;
}

/**
 * Says of a failure what a caller is told: the runtime's own words, else the platform's.
 *
 * @param requestId the invocation
 * @param failure what failed
 */
export function toFailureOutcome(
  requestId: string,
  { errorType, reason, payload }: SandboxFailure,
): InvocationOutcome {
  const errorMessage = `RequestId: ${requestId} Error: ${reason}`;
  return {
    status: 'error',
    errorType,
    payload: payload ?? Buffer.from(JSON.stringify({ errorType, errorMessage })),
  };
}
