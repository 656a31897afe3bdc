import { ROOT_CONTEXT } from '@clickspan/shared/context';
import type { ActiveContext } from '../platform/activeContext.ts';
import type { CrashRecord } from '../features/invocation/crashRecord.ts';
import type { Exporters } from '../features/export/exporters.ts';
import type { Pace } from '../features/export/pace.ts';
import type { Extension } from '../features/extension/extension.ts';
import type { StartCall } from '../features/handler/wrapHandler.ts';
import { toInterrupted } from '../features/invocation/interrupted.ts';
import type { TellInterrupted } from '../features/invocation/interrupted.ts';
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
  readonly tellInterrupted: TellInterrupted;
  readonly streamHeads: StreamHeads;
  readonly exporters: Exporters | undefined;
  readonly extension: Extension | undefined;
  /** `undefined` where nothing is written down. */
  readonly crashRecord: CrashRecord | undefined;
  /** Where the function's log is taken, what tells it of invocations. */
  readonly logs: Pick<Logs, 'enter' | 'leave'> | undefined;
  /** How long spans wait for others, ms, where many invocations run at once; `undefined` where they are sent after each. */
  readonly batchMs: number | undefined;
  /** Where busy environments leave answers to the next invocation, how busy this one is. */
  readonly pace: Pace | undefined;
  /** Does something before the platform ends an environment that is not needed any more. */
  readonly beforeTermination: (run: () => Promise<void>) => void;
  /** Tells how the process ends. */
  readonly observeEnd: (observer: ProcessEndObserver) => void;
  /** The runtime client, before version 4, may answer only when nothing is left to do; the observer of ends is told. */
  readonly answersWhenIdle: boolean;
  /** Called before the first invocation. */
  readonly onFirst: () => void;
  /** Called when a response has left, for what the next caller is not to wait for. */
  readonly onAnswered: () => void;
}

/** So long before the deadline an invocation that is not over is told as timed out: enough to send its span. */
const TIMEOUT_MARGIN_MS = 100;
/** In the last part of it the invocation is counted as timed out: what has been counted cannot be taken back. */
const LAST_MARGIN_SHARE = 0.5;
/** So much longer than after a response an answer is waited for by then: a process that is stopped has no other use for it. */
const LAST_TAIL_MS = 30;
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
    tellInterrupted,
    streamHeads,
    exporters,
    extension,
    crashRecord,
    logs,
    batchMs,
    pace,
    answersWhenIdle,
    onAnswered,
  } = parts;
  let onFirst: (() => void) | undefined = parts.onFirst;
  /** The invocations that are not over, each with what follows when nothing is left to do. */
  const open = new Map<Invocation, () => void>();
  /** The same for a call whose invocation could not be started. */
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
      for (const follow of open.values()) guard(follow);
      whenIdle?.();
      whenIdle = undefined;
    },
  });

  const flush = async (deadlineMs: number, overlaps = false): Promise<void> =>
    exporters?.flush({
      remainingMs: deadlineMs - Date.now(),
      holds: extension?.holds() ?? false,
      overlaps,
    });
  /** From the first time on that something may be left to a next invocation, there may be none. */
  let beforeTermination: StartCallParts['beforeTermination'] | undefined = parts.beforeTermination;
  const flushAfter = async (deadlineMs: number): Promise<void> => {
    const overlaps = pace?.isBusy() ?? false;
    if (overlaps) guard(() => beforeTermination?.(() => flush(NaN).catch(() => {})));
    if (overlaps) beforeTermination = undefined;
    await flush(deadlineMs, overlaps).finally(() => pace?.ended());
  };

  let batch: (() => void) | undefined;
  const flushLater = (delayMs: number): void => {
    batch ??= after(delayMs, () => {
      batch = undefined;
      flush(NaN).catch(() => {});
    });
  };

  const tellOpenCalls = (): void => {
    for (const span of calls.list()) {
      const told = toInterrupted(span, clock.now(), false);
      if (told) tellInterrupted(told);
    }
  };
  const startTimer = (invocation: Invocation, deadlineMs: number): (() => void) | undefined => {
    const remainingMs = deadlineMs - Date.now();
    // Passed already, or out of a timer's reach: the clocks disagree, and nothing is known of the deadline.
    if (!(remainingMs > 0 && remainingMs <= LONGEST_TIMER_MS)) return undefined;
    const marginMs = Math.min(TIMEOUT_MARGIN_MS, remainingMs * TIMEOUT_MARGIN_SHARE);
    const onNear = (): void => {
      // First, since it decides whether a trace that is held back is told.
      guard(() => invocation.tellTimeout());
      // Whose calls they are is not known where there are others.
      if (open.size <= 1) guard(tellOpenCalls);
      flush(deadlineMs).catch(() => {});
    };
    const onLast = (): void => {
      guard(() => invocation.countTimeout());
      flush(deadlineMs + LAST_TAIL_MS).then(leave, leave);
    };
    const cancels = [
      after(remainingMs - marginMs, onNear),
      after(remainingMs - marginMs * LAST_MARGIN_SHARE, onLast),
    ];
    return () => {
      for (const cancel of cancels) cancel();
    };
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
    pace?.began();
    const invocation = guard(() => invocations.start(event, context));
    if (invocation && responseStream)
      guard(() => streamHeads.watch(responseStream, (head) => invocation.answerHead(head)));
    const stopTimer = invocation && guard(() => startTimer(invocation, deadlineMs));
    uncaught = undefined;
    const { unfinished } = invocation ?? {};
    if (unfinished) guard(() => crashRecord?.begin(unfinished, deadlineMs));
    const inner =
      invocation && ((logs && guard(() => logs.enter(invocation.context, requestId))) ?? invocation.context);

    const release = (): void => extension?.release(requestId);
    const run = (): void => {
      // Not before: a stream may be left unfinished for ever.
      stopTimer?.();
      if (unfinished) guard(() => crashRecord?.end());
      if (open.size === 0) guard(() => calls.endAnswered());
      if (inner) logs?.leave(inner);
      if (batchMs === undefined) void flushAfter(deadlineMs).then(release, release);
      else flushLater(batchMs);
      guard(onAnswered);
    };
    /** The invocation is over, but for the response, which is on its way. */
    const follow = (): void => {
      if (invocation) open.delete(invocation);
      if (unfinished) guard(() => crashRecord?.settle());
      if (responseStream) afterStream(responseStream, run);
      else afterResponse(run);
    };
    let finished = false;
    const finish = (waits = false): void => {
      if (finished) return;
      finished = true;
      if (!waits) return follow();
      const conclude = (): void => {
        guard(() => invocation?.conclude());
        follow();
      };
      if (invocation) open.set(invocation, conclude);
      else whenIdle = conclude;
    };
    if (invocation)
      open.set(invocation, () => {
        guard(() => invocation.idle());
        finish();
      });
    return {
      run: (handler) => (inner ? contexts.run(inner, handler) : handler()),
      leave: (run) => contexts.run(ROOT_CONTEXT, run),
      succeed(result, waits = false) {
        const isLater = waits && answersWhenIdle;
        const changed = invocation && guard(() => ({ result: invocation.succeed(result, isLater) }));
        guard(() => finish(isLater));
        return changed && !responseStream ? changed.result : result;
      },
      fail(error, waits = false) {
        const isLater = waits && answersWhenIdle;
        guard(() => invocation?.fail(error, isLater));
        guard(() => finish(isLater));
      },
    };
  };
}

/** The deadline as Unix ms; not a number where the context has none. */
function readDeadline(context: LambdaContext): number {
  const { getRemainingTimeInMillis: read } = context;
  return typeof read === 'function' ? Date.now() + Number(read.call(context)) : NaN;
}
