/**
 * Does something before the process is ended by SIGTERM, as the platform sends it to an environment that is not needed any
 * more. Then the process ends as it would have without, unless the function has a listener of its own, which decides.
 *
 * @param run called at most once; must not throw
 */
export function beforeTermination(run: () => Promise<void>): void {
  const onSignal = async (): Promise<void> => {
    // Read before the function's own are called, since those that are called once are gone then.
    const isAlone = process.listenerCount('SIGTERM') === 0;
    await run();
    if (isAlone) process.kill(process.pid, 'SIGTERM');
  };
  process.prependOnceListener('SIGTERM', () => void onSignal());
}
