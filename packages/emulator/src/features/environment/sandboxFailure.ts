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
