import type { Clock } from '../../platform/clock.ts';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import { toOutcome } from './invocationResult.ts';
import type { InvocationResult } from './invocationResult.ts';
import type { InvocationRecord } from './record.ts';
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
  readonly settle: (outcome: InvocationOutcome) => void;
  readonly timer: NodeJS.Timeout;
}

/** Older invocations are forgotten: the record must not grow with the uptime. */
const INVOCATIONS_KEPT = 2000;
/** So many that ran out of time are known as such (invoke/timeout/timeout_cache.go, timeoutCacheSize). */
const LATE_KEPT = 1000;

/**
 * Makes them.
 *
 * @param timeoutMs how long each may run
 * @param clock tells when
 */
export function createManyInvocations(timeoutMs: number, clock: Clock): ManyInvocations {
  const running = new Map<string, Running>();
  const late = new Set<string>();
  const records = new Map<string, InvocationRecord>();

  function finish(requestId: string, status: InvocationRecord['status'], outcome: InvocationOutcome): void {
    const one = running.get(requestId);
    if (!one) return;
    clearTimeout(one.timer);
    running.delete(requestId);
    const nowUnixMs = clock();
    const record = records.get(requestId);
    if (record)
      records.set(requestId, { ...record, status, responseUnixMs: nowUnixMs, endUnixMs: nowUnixMs });
    one.settle(outcome);
  }

  function timeOut(requestId: string): void {
    late.add(requestId);
    dropOldest(late, LATE_KEPT);
    finish(requestId, 'timeout', toFailureOutcome(requestId, toTimeoutFailure(timeoutMs)));
  }

  return {
    begin: (invocation, startUnixMs) => {
      const { requestId } = invocation;
      records.set(requestId, { requestId, startUnixMs, cold: records.size === 0, status: 'running' });
      dropOldest(records, INVOCATIONS_KEPT);
      return new Promise((settle) => {
        const timer = setTimeout(() => timeOut(requestId), timeoutMs);
        running.set(requestId, { invocation, settle, timer });
      });
    },
    stateOf: (requestId) =>
      running.get(requestId)?.invocation ?? (late.delete(requestId) ? 'late' : 'unknown'),
    respond: (requestId, result) => finish(requestId, result.status, toOutcome(result)),
    crash: (failure) => {
      for (const requestId of running.keys())
        finish(requestId, 'crash', toFailureOutcome(requestId, { ...failure, payload: undefined }));
    },
    running: () => running.size,
    records: () => [...records.values()],
  };
}

/** Sets and Maps keep their order: the first is the oldest. */
function dropOldest(kept: Set<string> | Map<string, unknown>, most: number): void {
  if (kept.size > most) kept.delete(kept.keys().next().value!);
}
