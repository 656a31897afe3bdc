import { ROOT_CONTEXT } from '@clickspan/shared/context';
import type { ActiveContext } from '../platform/activeContext.ts';
import type { CrashRecord } from '../features/invocation/crashRecord.ts';
import type { Exporters } from '../features/export/exporters.ts';
import type { Extension } from '../features/extension/extension.ts';
import type { StartCall } from '../features/handler/wrapHandler.ts';
import type { Invocation, Invocations, LambdaContext } from '../features/invocation/invocation.ts';
import type { OpenCalls } from '../features/outgoing/openCalls.ts';
import type { Logs } from './startLogs.ts';
import { afterResponse, afterStream } from '../platform/afterResponse.ts';
import type { Clock } from '../platform/clock.ts';
import type { Guard } from '../platform/guard.ts';
import type { ProcessEndObserver } from '../platform/processEnd.ts';
import type { StreamHeads } from '../platform/responseStream.ts';
import { LONGEST_TIMER_MS, after } from '../platform/timers.ts';

/** What accompanies a call of the handler. */
export interface StartCallParts {
  readonly invocations: Invocations;
  readonly contexts: ActiveContext;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly calls: OpenCalls;
  readonly streamHeads: StreamHeads;
  readonly exporters: Exporters | undefined;
  readonly extension: Extension | undefined;
  /** `undefined` where nothing is written down. */
  readonly crashRecord: CrashRecord | undefined;
  /** Where the function's log is taken, what tells it of invocations. */
  readonly logs: Pick<Logs, 'enter' | 'leave'> | undefined;
  /** How long spans wait for others, ms, where many invocations run at once; `undefined` where they are sent after each. */
  readonly batchMs: number | undefined;
  /** Tells how the process ends. */
  readonly observeEnd: (observer: ProcessEndObserver) => void;
  /** The runtime client, before version 4, may answer only when nothing is left to do; the observer of ends is told. */
  readonly answersWhenIdle: boolean;
  /** Called before the first invocation. */
  readonly onFirst: () => void;
}

/** So long before the deadline a handler that has not settled is taken as timed out: enough to send its span. */
const TIMEOUT_MARGIN_MS = 100;
/** Where a function has little time altogether, the margin must not be most of it. */
const TIMEOUT_MARGIN_SHARE = 0.1;

/** Makes what accompanies each call: the span, the deadline, and the export once the response has left. */
export function createStartCall(parts: StartCallParts): StartCall {
  const {
    invocations,
    contexts,
    clock,
    guard,
    calls,
    streamHeads,
    exporters,
    extension,
    crashRecord,
    logs,
    batchMs,
    answersWhenIdle,
  } = parts;
  let onFirst: (() => void) | undefined = parts.onFirst;
  /** The invocations whose handler has not settled, each with what follows when it has. */
  const open = new Map<Invocation, () => void>();
  /** What follows the answer that the runtime client gives when nothing is left to do. */
  let whenIdle: (() => void) | undefined;
  let uncaught: { readonly error: unknown } | undefined;

  /** What has not reached the collector is left to the next process. */
  const leave = (): void => {
    guard(() => crashRecord?.leave(exporters?.unsent() ?? {}));
  };
  parts.observeEnd({
    uncaught(error) {
      uncaught = { error };
    },
    exit(code) {
      if (open.size > 0) guard(() => calls.endAll('exit'));
      for (const invocation of open.keys()) guard(() => invocation.exit(code, uncaught));
      leave();
    },
    idle() {
      for (const [invocation, finish] of open) {
        guard(() => invocation.idle());
        guard(finish);
      }
      whenIdle?.();
      whenIdle = undefined;
    },
  });

  const flush = async (deadlineMs: number): Promise<void> =>
    exporters?.flush(deadlineMs - Date.now(), extension?.holds() ?? false);

  let batch: (() => void) | undefined;
  const flushLater = (delayMs: number): void => {
    batch ??= after(delayMs, () => {
      batch = undefined;
      flush(NaN).catch(() => {});
    });
  };

  const startTimer = (invocation: Invocation, deadlineMs: number): (() => void) | undefined => {
    const remainingMs = deadlineMs - Date.now();
    // Passed already, or out of a timer's reach: the clocks disagree, and nothing is known of the deadline.
    if (!(remainingMs > 0 && remainingMs <= LONGEST_TIMER_MS)) return undefined;
    const marginMs = Math.min(TIMEOUT_MARGIN_MS, remainingMs * TIMEOUT_MARGIN_SHARE);
    const onTimeout = (): void => {
      // Whose calls they are is not known where there are others.
      if (open.size <= 1) guard(() => calls.endAll('timeout'));
      guard(() => invocation.timeOut());
      flush(deadlineMs).then(leave, leave);
    };
    return after(remainingMs - marginMs, onTimeout);
  };

  return (event, lambda, responseStream) => {
    guard(clock.resync);
    const first = onFirst;
    onFirst = undefined;
    if (first) guard(first);
    const context = (lambda ?? {}) as LambdaContext;
    const requestId = guard(() => String(context.awsRequestId)) ?? '';
    const deadlineMs = guard(() => readDeadline(context)) ?? NaN;
    extension?.begin(requestId);
    const invocation = guard(() => invocations.start(event, context));
    if (invocation && responseStream)
      guard(() => streamHeads.watch(responseStream, (head) => invocation.answerHead(head)));
    const stopTimer = invocation && guard(() => startTimer(invocation, deadlineMs));
    uncaught = undefined;
    const { unfinished } = invocation ?? {};
    if (unfinished) guard(() => crashRecord?.begin(unfinished, deadlineMs));
    const inner =
      invocation && ((logs && guard(() => logs.enter(invocation.context, requestId))) ?? invocation.context);

    let finished = false;
    const finish = (waits = false): void => {
      if (finished) return;
      finished = true;
      if (invocation) open.delete(invocation);
      if (unfinished) guard(() => crashRecord?.settle());
      const release = (): void => extension?.release(requestId);
      const run = (): void => {
        // Not before: a stream may be left unfinished for ever.
        stopTimer?.();
        if (unfinished) guard(() => crashRecord?.end());
        if (open.size === 0) guard(() => calls.endAnswered());
        if (inner) logs?.leave(inner);
        if (batchMs === undefined) void flush(deadlineMs).then(release, release);
        else flushLater(batchMs);
      };
      if (responseStream) afterStream(responseStream, run);
      else if (waits && answersWhenIdle) whenIdle = () => afterResponse(run);
      else afterResponse(run);
    };
    if (invocation) open.set(invocation, finish);
    return {
      run: (handler) => (inner ? contexts.run(inner, handler) : handler()),
      leave: (run) => contexts.run(ROOT_CONTEXT, run),
      succeed(result, waits) {
        const changed = invocation && guard(() => ({ result: invocation.succeed(result) }));
        guard(() => finish(waits));
        return changed && !responseStream ? changed.result : result;
      },
      fail(error) {
        guard(() => invocation?.fail(error));
        guard(finish);
      },
    };
  };
}

/** The deadline as Unix ms; not a number where the context has none. */
function readDeadline(context: LambdaContext): number {
  const { getRemainingTimeInMillis: read } = context;
  return typeof read === 'function' ? Date.now() + Number(read.call(context)) : NaN;
}
