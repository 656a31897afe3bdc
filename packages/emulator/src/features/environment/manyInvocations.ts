import type { Clock } from '../../platform/clock.ts';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import type { EnvironmentLog } from './environmentLog.ts';
import { toOutcome } from './invocationResult.ts';
import type { InvocationResult } from './invocationResult.ts';
import { toTracing } from './platformEvents.ts';
import type { InvocationRecord } from './record.ts';
import { toMs, toTelemetryStatus } from './report.ts';
import type { Telemetry } from './telemetry.ts';
import { toFailureOutcome, toTimeoutFailure } from './sandboxFailure.ts';
import type { SandboxFailure } from './sandboxFailure.ts';

/** The invocations of an environment that serves many at once. */
export interface ManyInvocations {
  /** Opens one. Settles when its caller can be answered. */
  begin(invocation: Invocation, startUnixMs: number): Promise<InvocationOutcome>;
  /** What becomes of a response: `late` once after the time of its invocation, else `unknown` when there is none. */
  stateOf(requestId: string): Invocation | 'late' | 'unknown';
  /** The runtime has answered one. */
  respond(requestId: string, result: InvocationResult): void;
  /** The runtime is gone: answers all. */
  crash(failure: SandboxFailure): void;
  running(): number;
  records(): readonly InvocationRecord[];
}

interface Running {
  readonly invocation: Invocation;
  readonly startUnixMs: number;
  readonly settle: (outcome: InvocationOutcome) => void;
  readonly timer: NodeJS.Timeout;
}

/** Older invocations are forgotten: the record must not grow with the uptime. */
const INVOCATIONS_KEPT = 2000;
/** So many that ran out of time are known as such (invoke/timeout/timeout_cache.go, timeoutCacheSize). */
const LATE_KEPT = 1000;

export interface ManyInvocationsOptions {
  /** The function's ARN. */
  readonly arn: string;
  /** How long each may run. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Pick<EnvironmentLog, 'text'> & { readonly telemetry: Pick<Telemetry, 'emit'> };
}

/**
 * Makes them. What is told of each is less than elsewhere (lambda-managed-instances/interop/events_api.go,
 * InvokeStartData and ReportData; aws-lambda-rie/internal/telemetry/events_api.go).
 *
 * @param options the function, the clock, and who is told
 */
export function createManyInvocations({
  arn,
  timeoutMs,
  clock,
  log,
}: ManyInvocationsOptions): ManyInvocations {
  const running = new Map<string, Running>();
  const late = new Set<string>();
  const records = new Map<string, InvocationRecord>();

  function finish(
    requestId: string,
    status: Exclude<InvocationRecord['status'], 'running'>,
    outcome: InvocationOutcome,
    errorType?: string,
  ): void {
    const one = running.get(requestId);
    if (!one) return;
    clearTimeout(one.timer);
    running.delete(requestId);
    const nowUnixMs = clock();
    const record = records.get(requestId);
    if (record)
      records.set(requestId, { ...record, status, responseUnixMs: nowUnixMs, endUnixMs: nowUnixMs });
    one.settle(outcome);
    const durationMs = nowUnixMs - one.startUnixMs;
    log.text(`END RequestId: ${requestId}`);
    log.text(`REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms`);
    log.telemetry.emit('platform.report', {
      requestId,
      status: toTelemetryStatus(status),
      metrics: { durationMs: toMs(durationMs) },
      tracing: toTracing(one.invocation.traceId),
      ...(errorType === undefined ? {} : { errorType }),
    });
  }

  function timeOut(requestId: string): void {
    late.add(requestId);
    dropOldest(late, LATE_KEPT);
    const failure = toTimeoutFailure(timeoutMs);
    finish(requestId, 'timeout', toFailureOutcome(requestId, failure), failure.errorType);
  }

  return {
    begin: (invocation, startUnixMs) => {
      const { requestId } = invocation;
      records.set(requestId, { requestId, startUnixMs, cold: records.size === 0, status: 'running' });
      dropOldest(records, INVOCATIONS_KEPT);
      log.text(`START RequestId: ${requestId}\tVersion: $LATEST`);
      const tracing = toTracing(invocation.traceId);
      log.telemetry.emit('platform.start', { requestId, version: '$LATEST', functionArn: arn, tracing });
      return new Promise((settle) => {
        const timer = setTimeout(() => timeOut(requestId), timeoutMs);
        running.set(requestId, { invocation, startUnixMs, settle, timer });
      });
    },
    stateOf: (requestId) =>
      running.get(requestId)?.invocation ?? (late.delete(requestId) ? 'late' : 'unknown'),
    respond: (requestId, result) => finish(requestId, result.status, toOutcome(result)),
    crash: (failure) => {
      for (const requestId of running.keys())
        finish(
          requestId,
          'crash',
          toFailureOutcome(requestId, { ...failure, payload: undefined }),
          failure.errorType,
        );
    },
    running: () => running.size,
    records: () => [...records.values()],
  };
}

/** Sets and Maps keep their order: the first is the oldest. */
function dropOldest(kept: Set<string> | Map<string, unknown>, most: number): void {
  if (kept.size > most) kept.delete(kept.keys().next().value!);
}
