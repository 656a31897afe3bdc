import { randomUUID } from 'node:crypto';
import type { EnvironmentOptions } from './environment.ts';
import { toLogStreamName, toNames } from './environmentNames.ts';
import { toRuntimeVariables } from './environmentVariables.ts';
import { toPlatformError } from './invocation.ts';
import type { Invocation, InvocationOutcome } from './invocation.ts';
import type { InvocationResult } from './invocationResult.ts';
import { createLimits } from './limits.ts';
import { startManyApi } from './manyApi.ts';
import type { EnvironmentRecord, InvocationRecord } from './record.ts';
import { toRuntimeCommand } from './runtimeCommand.ts';
import { startSandboxProcess } from './sandboxProcess.ts';

export type ManyOptions = Omit<
  EnvironmentOptions,
  'initializationType' | 'onIdle' | 'onEnding' | 'onEnded' | 'freeze' | 'postTelemetry'
> & {
  /** It may take an event now. */
  readonly onRoom: () => void;
  readonly onEnded: (environment: ManyEnvironment) => void;
};

/** An environment that serves many requests at once, and is never frozen. */
export interface ManyEnvironment {
  /** How many events it could take at this moment. */
  room(): number;
  /** Whether it could take one more as soon as its runtime asks. */
  isFull(): boolean;
  isInitialized(): boolean;
  /** Delivers an event; only when there is room. */
  invoke(invocation: Invocation): Promise<InvocationOutcome>;
  record(): EnvironmentRecord;
  stop(reason: string): Promise<void>;
}

interface Running {
  readonly invocation: Invocation;
  readonly settle: (outcome: InvocationOutcome) => void;
  readonly timer: NodeJS.Timeout;
}

/** Older invocations are forgotten. */
const INVOCATIONS_KEPT = 2000;

/**
 * Starts an environment as Lambda Managed Instances have them: the runtime client's worker threads ask for events at the
 * same time, up to the function's concurrency; one out of time is answered so and its environment lives on
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html;
 * aws/aws-lambda-runtime-interface-emulator at 4fa21571, lambda-managed-instances/invoke/invoke_router.go).
 *
 * @param options the function, the platform around it, and whom to tell
 */
export async function startManyEnvironment(options: ManyOptions): Promise<ManyEnvironment> {
  const { settings, clock, client } = options;
  const { maxConcurrency, workers } = settings.managedInstances!;
  const id = randomUUID();
  const initializationType = 'lambda-managed-instances';
  const logStreamName = toLogStreamName(clock());
  const { group, limits } = createLimits(id, settings.memoryMb, options.limits, options.reaper);
  const startedAtUnixMs = clock();
  const running = new Map<string, Running>();
  const late = new Set<string>();
  const records = new Map<string, InvocationRecord>();
  let initDurationMs: number | undefined;
  let over: { readonly endReason: string; readonly endedAtUnixMs: number } | undefined;
  let initError: string | undefined;

  const api = await startManyApi({
    settings,
    stateOf: (requestId) =>
      running.get(requestId)?.invocation ?? (late.delete(requestId) ? 'late' : 'unknown'),
    events: {
      onNext: () => {
        if (initDurationMs === undefined && api.isInitialized()) {
          clearTimeout(initTimer);
          initDurationMs = clock() - startedAtUnixMs;
        }
        if (initDurationMs !== undefined) options.onRoom();
      },
      onResult: (requestId, result) => finish(requestId, result.status, toOutcome(requestId, result)),
      onInitError: (errorType) => {
        initError = errorType;
        runtime.kill();
      },
    },
  });
  const names = toNames({ ...options, initializationType }, logStreamName);
  const environment = {
    ...toRuntimeVariables({ ...names, runtimeApi: api.authority }),
    AWS_LAMBDA_MAX_CONCURRENCY: String(maxConcurrency),
    ...(workers === undefined ? {} : { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(workers) }),
  };
  const log = (source: 'stdout' | 'stderr', line: string): void =>
    options.onLog({ functionName: settings.name, environmentId: id, source, line, atUnixMs: clock() });
  const runtime = startSandboxProcess({
    ...toRuntimeCommand(settings, client, environment),
    environment,
    cwd: settings.codeDir,
    reaper: options.reaper,
    onLine: log,
    onExit: ({ failure }) =>
      end(
        initError ??
          (failure === undefined
            ? 'Runtime exited without providing a reason'
            : `Runtime exited with error: ${failure}`),
      ),
  });
  if (runtime.pid !== undefined) group?.add(runtime.pid);
  const initTimer = setTimeout(() => runtime.kill(), options.initTimeoutMs);

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
    const message = `Task timed out after ${(settings.timeoutMs / 1000).toFixed(2)} seconds`;
    finish(requestId, 'timeout', toPlatformError(requestId, 'Sandbox.Timedout', message));
  }

  function end(reason: string): void {
    if (over) return;
    over = { endReason: reason, endedAtUnixMs: clock() };
    clearTimeout(initTimer);
    for (const requestId of running.keys())
      finish(requestId, 'crash', toPlatformError(requestId, 'Runtime.ExitError', reason));
    group?.remove();
    // A runtime that is being killed shall not see its API go first.
    void runtime.ended.then(() => api.stop());
    options.onEnded(self);
  }

  const room = (): number =>
    over || initDurationMs === undefined ? 0 : Math.min(maxConcurrency - running.size, api.waiting());

  const self: ManyEnvironment = {
    room,
    isFull: () => over !== undefined || running.size >= maxConcurrency,
    isInitialized: () => initDurationMs !== undefined,
    invoke: (invocation) => {
      const { requestId } = invocation;
      const startUnixMs = clock();
      records.set(requestId, { requestId, startUnixMs, cold: records.size === 0, status: 'running' });
      if (records.size > INVOCATIONS_KEPT) records.delete(records.keys().next().value!);
      return new Promise((settle) => {
        const timer = setTimeout(() => timeOut(requestId), settings.timeoutMs);
        running.set(requestId, { invocation, settle, timer });
        api.deliver(invocation, startUnixMs + settings.timeoutMs);
      });
    },
    record: () => ({
      id,
      functionName: settings.name,
      runtime: settings.runtime,
      runtimeClient: client.kind,
      initializationType,
      limits,
      pid: runtime.pid,
      processGroupId: runtime.pid,
      logStreamName,
      state: over ? 'ended' : initDurationMs === undefined ? 'init' : running.size > 0 ? 'busy' : 'idle',
      frozen: false,
      startedAtUnixMs,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
      ...over,
      extensions: [],
      resets: [],
      invocations: [...records.values()],
    }),
    stop: async (reason) => {
      end(reason);
      runtime.kill();
      await runtime.ended;
    },
  };
  return self;
}

function toOutcome(requestId: string, result: InvocationResult): InvocationOutcome {
  const { status, payload, contentType, errorType } = result;
  return status === 'ok'
    ? { status, requestId, payload, contentType }
    : { status, requestId, errorType, payload };
}
