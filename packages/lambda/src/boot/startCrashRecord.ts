import type { EndedSpan, Scope } from '@clickspan/shared/tracer';
import type { Exporters } from '../features/export/exporters.ts';
import { createCrashRecord } from '../features/invocation/crashRecord.ts';
import type { CrashRecord } from '../features/invocation/crashRecord.ts';
import { decideDeath, toDeadOutcome, toRecoveredSpan } from '../features/invocation/unfinished.ts';
import type { Metrics } from '../features/metrics/metrics.ts';
import type { Guard } from '../platform/guard.ts';
import { openMarkerFile } from '../platform/markerFile.ts';
import { readMemoryBytes } from '../platform/memory.ts';
import { every } from '../platform/timers.ts';
import { readMaxMemoryBytes } from '../resource.ts';

/** What is needed to tell of the process before, and to leave word to the next. */
export interface CrashRecordStart {
  readonly exporters: Exporters;
  /** Takes a span to the collector. */
  readonly tell: (span: EndedSpan) => void;
  readonly metrics: Pick<Metrics, 'addDead'> | undefined;
  readonly scope: Scope;
  /** Unix ms. */
  readonly now: () => number;
  readonly guard: Guard;
}

/** How often it is written down that the process is at work. */
const SEEN_EVERY_MS = 500;

/**
 * Opens what the process before may have left, tells of it, and keeps the record from now on.
 *
 * @returns `undefined` where nothing can be kept
 */
export function startCrashRecord(start: CrashRecordStart): CrashRecord | undefined {
  const { exporters, guard } = start;
  const record = guard(() => openCrashRecord(start));
  if (!record) return undefined;
  every(SEEN_EVERY_MS, () => guard(record.seen));
  const { unfinished, unsent } = record;
  if (unfinished)
    guard(() => {
      const death = decideDeath(unfinished, readMaxMemoryBytes(process.env), start.now());
      if (unfinished.recorded) start.tell(toRecoveredSpan(unfinished, death, start.scope));
      start.metrics?.addDead(toDeadOutcome(unfinished, death), unfinished.seenBytes);
    });
  // At once, since this process may die as the one before did.
  if (unfinished || Object.keys(unsent).length > 0)
    setImmediate(
      () => void exporters.flush({ remainingMs: NaN, holds: false, overlaps: false }).catch(() => {}),
    );
  return record;
}

function openCrashRecord({ exporters, now }: CrashRecordStart): CrashRecord | undefined {
  // The same for all processes of an environment, and for no other.
  const environmentId = /[\da-f]{32}$/.exec(process.env['AWS_LAMBDA_LOG_STREAM_NAME'] ?? '')?.[0];
  if (!environmentId) return undefined;
  const folder = process.env['TMPDIR'] || '/tmp';
  const record = createCrashRecord({
    file: openMarkerFile(`${folder}/.clickspan-${environmentId}`),
    now,
    memoryBytes: readMemoryBytes,
    later: (run) => void setImmediate(run),
  });
  exporters.restore(record.unsent);
  return record;
}
