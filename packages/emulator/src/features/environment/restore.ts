import type { EnvironmentOptions } from './environment.ts';
import type { EnvironmentLog } from './environmentLog.ts';
import { toRestoreStartRecord } from './platformEvents.ts';
import { toMs, toRestoreStartLine } from './report.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Restores an environment that waits as a snapshot: the hooks of a runtime that waits for one, its time, and the words
 * (rapid/handlers.go, handleRestore; https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html).
 *
 * @param snapshot the environment's processes
 * @param options the function and the clock
 * @param log where the words go
 * @param logStreamName the environment's
 * @param isOpen whether its caller still waits: a restore may fail, or take too long
 * @returns how long it took; undefined when nobody waits any more
 */
export async function restore(
  snapshot: Sandbox,
  { settings, clock }: EnvironmentOptions,
  log: EnvironmentLog,
  logStreamName: string,
  isOpen: () => boolean,
): Promise<number | undefined> {
  const begunUnixMs = clock();
  log.text(toRestoreStartLine(settings.runtime));
  log.telemetry.emit('platform.restoreStart', toRestoreStartRecord(settings, logStreamName));
  await snapshot.restore();
  if (!isOpen()) return undefined;
  const durationMs = clock() - begunUnixMs;
  log.telemetry.emit('platform.restoreRuntimeDone', { status: 'success' });
  log.telemetry.emit('platform.restoreReport', {
    status: 'success',
    metrics: { durationMs: toMs(durationMs) },
  });
  log.text(`RESTORE_REPORT Restore Duration: ${durationMs.toFixed(2)} ms`);
  return durationMs;
}
