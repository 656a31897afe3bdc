import type { Clock } from '../../platform/clock.ts';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import { toOutcome } from './invocationResult.ts';
import type { InvocationResult } from './invocationResult.ts';
import type { InvocationRecord } from './record.ts';
import { toTracing } from './platformEvents.ts';
import type { Tracing } from './platformEvents.ts';
import { toMs, toReportLine, toReportRecord, toTelemetryStatus } from './report.ts';
import { toFailureOutcome, toTimeoutFailure } from './sandboxFailure.ts';
import type { SandboxFailure } from './sandboxFailure.ts';

export interface LedgerOptions {
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Tells listeners of the Telemetry API. */
  readonly emit: (type: string, record: Readonly<Record<string, unknown>>) => void;
  readonly initDurationMs: () => number | undefined;
  readonly readPeakMemoryMb: () => number | undefined;
  /** The invocation under way has used up its time, and has been answered and closed. */
  readonly onTimeout: () => void;
}

/** The invocations of one environment: the one under way, what its caller is told, and what is on record. */
export interface InvocationLedger {
  /** Opens an invocation; only when none is under way. Settles when the caller can be answered. */
  begin(invocation: Invocation, startUnixMs: number): Promise<InvocationOutcome>;
  /** An INIT within the invocation has ended. */
  initialized(suppressedInitMs: number): void;
  /** The environment has been restored for the invocation, whose own time begins now. */
  restored(restoreMs: number): void;
  /** Its event goes to the runtime now. */
  start(): void;
  /** Whether that very invocation is still under way. */
  isOpen(requestId: string): boolean;
  /** The runtime begins to answer. */
  beginResponse(): void;
  /** The runtime has answered: so is the caller. */
  respond(result: InvocationResult): void;
  /** The runtime has asked for its next event. */
  runtimeDone(): void;
  /** Whether the invocation under way has been answered. */
  isAnswered(): boolean;
  /** Runtime and extensions are done. False when the runtime has not answered yet, or nothing is under way. */
  finish(): boolean;
  /** The sandbox is gone: answers the caller, if nobody has yet. */
  crash(failure: SandboxFailure): void;
  records(): readonly InvocationRecord[];
}

interface Open {
  readonly requestId: string;
  readonly settle: (outcome: InvocationOutcome) => void;
  timer: NodeJS.Timeout;
  readonly tracing: Tracing;
  record: InvocationRecord;
  /** Its event went to the runtime. */
  deliveredUnixMs?: number;
  responseBegunUnixMs?: number;
  producedBytes: number;
  runtimeDoneUnixMs?: number;
}

/** Older invocations are forgotten: the record must not grow with the uptime. */
const INVOCATIONS_KEPT = 2000;

/**
 * Makes the ledger of one environment.
 *
 * @param options the function's limits, the clock, and whom to tell
 */
export function createInvocationLedger(options: LedgerOptions): InvocationLedger {
  const { clock, log, emit } = options;
  const records: InvocationRecord[] = [];
  let open: Open | undefined;
  let cold = true;

  function update(change: Partial<InvocationRecord>): void {
    if (!open) return;
    const at = records.lastIndexOf(open.record);
    open.record = { ...open.record, ...change };
    if (at >= 0) records[at] = open.record;
  }

  function close(status: 'ok' | 'error' | 'timeout' | 'crash', errorType?: string): void {
    if (!open) return;
    const { requestId, record, timer } = open;
    clearTimeout(timer);
    const endUnixMs = clock();
    update({ endUnixMs, status });
    if (open.runtimeDoneUnixMs === undefined) tellRuntimeDone(status, endUnixMs, errorType);
    log(`END RequestId: ${requestId}`);
    // A timer is never early, and on AWS the platform's own work is not the function's.
    const durationMs = status === 'timeout' ? options.timeoutMs : endUnixMs - record.startUnixMs;
    const initDurationMs = record.cold ? options.initDurationMs() : undefined;
    const maxMemoryUsedMb = options.readPeakMemoryMb();
    const report = {
      requestId,
      durationMs,
      initDurationMs,
      restoreDurationMs: open.record.restoreMs,
      memoryMb: options.memoryMb,
      maxMemoryUsedMb,
      status,
      errorType,
    };
    log(toReportLine(report));
    const { tracing } = open;
    emit('platform.report', { ...toReportRecord(report), tracing, spans: toOverhead(open, endUnixMs) });
    open = undefined;
  }

  /** What rapid core tells when the runtime is done (rapid/handlers.go, doInvoke; telemetry/events_api.go). */
  function tellRuntimeDone(
    status: 'ok' | 'error' | 'timeout' | 'crash',
    atUnixMs: number,
    errorType?: string,
  ): void {
    if (!open) return;
    const { requestId, tracing, producedBytes, deliveredUnixMs = atUnixMs } = open;
    open.runtimeDoneUnixMs = atUnixMs;
    emit('platform.runtimeDone', {
      requestId,
      status: toTelemetryStatus(status),
      metrics: { durationMs: toMs(atUnixMs - deliveredUnixMs), producedBytes },
      tracing,
      spans: toSpans(open, atUnixMs),
      ...(status === 'crash' && errorType !== undefined ? { errorType } : {}),
    });
  }

  function timeOut(): void {
    if (!open) return;
    const failure = toTimeoutFailure(options.timeoutMs);
    log(`${new Date(clock()).toISOString()} ${open.requestId} ${failure.reason}`);
    open.settle(toFailureOutcome(open.requestId, failure));
    close('timeout');
    options.onTimeout();
  }

  return {
    begin: ({ requestId, traceId }, startUnixMs) => {
      const record: InvocationRecord = { requestId, startUnixMs, cold, status: 'running' };
      cold = false;
      records.push(record);
      if (records.length > INVOCATIONS_KEPT) records.shift();
      return new Promise((settle) => {
        const timer = setTimeout(timeOut, options.timeoutMs);
        open = { requestId, settle, record, timer, tracing: toTracing(traceId), producedBytes: 0 };
      });
    },
    restored: (restoreMs) => {
      if (!open) return;
      clearTimeout(open.timer);
      open.timer = setTimeout(timeOut, options.timeoutMs);
      update({ restoreMs, startUnixMs: clock() });
    },
    initialized: (suppressedInitMs) => update({ suppressedInitMs }),
    start: () => {
      if (!open) return;
      const { requestId, tracing } = open;
      open.deliveredUnixMs = clock();
      log(`START RequestId: ${requestId} Version: $LATEST`);
      emit('platform.start', { requestId, version: '$LATEST', tracing });
    },
    isOpen: (requestId) => open?.requestId === requestId,
    beginResponse: () => {
      if (open) open.responseBegunUnixMs = clock();
    },
    runtimeDone: () => {
      if (open?.record.status === 'ok' || open?.record.status === 'error')
        tellRuntimeDone(open.record.status, clock());
    },
    respond: (result) => {
      if (!open) return;
      open.producedBytes = result.producedBytes;
      update({ responseUnixMs: clock(), status: result.status });
      open.settle(toOutcome(result));
    },
    isAnswered: () => open !== undefined && open.record.status !== 'running',
    finish: () => {
      if (open?.record.status !== 'ok' && open?.record.status !== 'error') return false;
      close(open.record.status);
      return true;
    },
    crash: (failure) => {
      if (!open) return;
      const { requestId } = open;
      log(`RequestId: ${requestId} Error: ${failure.reason}`);
      open.settle(toFailureOutcome(requestId, failure));
      close('crash', failure.errorType);
    },
    records: () => [...records],
  };
}

/** A stretch of time as listeners are told of it. */
interface Span {
  readonly name: string;
  readonly start: string;
  readonly durationMs: number;
}

function toSpan(name: string, startUnixMs: number, endUnixMs: number): Span {
  const durationMs = toMs(endUnixMs - startUnixMs);
  return { name, start: new Date(startUnixMs).toISOString(), durationMs };
}

/** From the event to the response, the response itself, and what the runtime did after it. */
function toSpans(open: Open, doneUnixMs: number): readonly Span[] {
  const { deliveredUnixMs, responseBegunUnixMs } = open;
  const { responseUnixMs } = open.record;
  if (deliveredUnixMs === undefined || responseBegunUnixMs === undefined || responseUnixMs === undefined)
    return [];
  return [
    toSpan('responseLatency', deliveredUnixMs, responseBegunUnixMs),
    toSpan('responseDuration', responseBegunUnixMs, responseUnixMs),
    toSpan('runtimeOverhead', responseUnixMs, doneUnixMs),
  ];
}

/** What extensions did after the runtime was done. */
function toOverhead({ runtimeDoneUnixMs }: Open, endUnixMs: number): readonly Span[] {
  return runtimeDoneUnixMs === undefined || runtimeDoneUnixMs === endUnixMs
    ? []
    : [toSpan('extensionOverhead', runtimeDoneUnixMs, endUnixMs)];
}
