import { randomUUID } from 'node:crypto';
import type { EnvironmentOptions } from './environment.ts';
import { toLogStreamName, toNames } from './environmentNames.ts';
import { toRuntimeVariables } from './environmentVariables.ts';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import { createLimits, joinGroup } from './limits.ts';
import { startManyApi } from './manyApi.ts';
import { createManyInvocations } from './manyInvocations.ts';
import type { EnvironmentRecord } from './record.ts';
import { toRuntimeCommand } from './runtimeCommand.ts';
import { toMemoryFailure, toRuntimeFailure } from './sandboxFailure.ts';
import type { SandboxFailure } from './sandboxFailure.ts';
import { startSandboxProcess } from './sandboxProcess.ts';
import type { SandboxProcess } from './sandboxProcess.ts';

export type ManyOptions = Omit<
  EnvironmentOptions,
  'initializationType' | 'onIdle' | 'onEnding' | 'onEnded' | 'freeze' | 'postTelemetry'
> & {
  /** It may take an event now. */
  readonly onRoom: () => void;
  readonly onEnded: (environment: ManyEnvironment, failure: SandboxFailure) => void;
};

/** An environment that serves many requests at once, and is never frozen. */
export interface ManyEnvironment {
  /** Resolves when it is initialized, or has ended before. */
  readonly settled: Promise<void>;
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
  const startedAtUnixMs = clock();
  const invocations = createManyInvocations(settings.timeoutMs, clock);
  let initDurationMs: number | undefined;
  let over: { readonly endReason: string; readonly endedAtUnixMs: number } | undefined;
  /** Why it is being killed, where that is not for the process to say. */
  let fatal: SandboxFailure | undefined;
  let whenSettled: () => void;
  const settled = new Promise<void>((resolve) => {
    whenSettled = resolve;
  });

  const api = await startManyApi({
    settings,
    stateOf: (requestId) => invocations.stateOf(requestId),
    events: {
      onNext: () => {
        if (initDurationMs === undefined && api.isInitialized()) {
          clearTimeout(initTimer);
          initDurationMs = clock() - startedAtUnixMs;
          whenSettled();
        }
        if (initDurationMs !== undefined) options.onRoom();
      },
      onResult: (requestId, result) => invocations.respond(requestId, result),
      onInitError: (errorType, payload) => kill({ errorType, reason: errorType, payload }),
    },
  });
  const { group, limits } = createLimits(id, settings.memoryMb, options.limits, options.reaper);

  function startRuntime(): SandboxProcess {
    const names = toNames({ ...options, initializationType }, logStreamName);
    const environment = {
      ...toRuntimeVariables({ ...names, runtimeApi: api.authority }),
      AWS_LAMBDA_MAX_CONCURRENCY: String(maxConcurrency),
      ...(workers === undefined ? {} : { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(workers) }),
    };
    return startSandboxProcess({
      ...toRuntimeCommand(settings, client, environment),
      environment,
      cwd: settings.codeDir,
      reaper: options.reaper,
      onLine: (source, line) =>
        options.onLog({ functionName: settings.name, environmentId: id, source, line, atUnixMs: clock() }),
      onExit: (exit) =>
        end(toMemoryFailure(fatal ?? toRuntimeFailure(exit, undefined), group?.oomKills() ?? 0)),
    });
  }

  function kill(failure: SandboxFailure): void {
    fatal ??= failure;
    runtime.kill();
  }

  function end(failure: SandboxFailure): void {
    if (over) return;
    over = { endReason: failure.reason, endedAtUnixMs: clock() };
    clearTimeout(initTimer);
    invocations.crash(failure);
    group?.remove();
    // A runtime that is being killed shall not see its API go first.
    void runtime.ended.then(() => api.stop());
    whenSettled();
    options.onEnded(self, failure);
  }

  let runtime: SandboxProcess;
  try {
    runtime = startRuntime();
  } catch (error) {
    group?.remove();
    await api.stop();
    throw error;
  }
  joinGroup(group, runtime);
  const initTimer = setTimeout(
    () =>
      kill({
        errorType: 'Sandbox.Timedout',
        reason: `Init timed out after ${(options.initTimeoutMs / 1000).toFixed(2)} seconds`,
      }),
    options.initTimeoutMs,
  );

  const room = (): number =>
    over || initDurationMs === undefined
      ? 0
      : Math.min(maxConcurrency - invocations.running(), api.waiting());

  const self: ManyEnvironment = {
    settled,
    room,
    isFull: () => over !== undefined || invocations.running() >= maxConcurrency,
    isInitialized: () => initDurationMs !== undefined,
    invoke: (invocation) => {
      const startUnixMs = clock();
      const outcome = invocations.begin(invocation, startUnixMs);
      api.deliver(invocation, startUnixMs + settings.timeoutMs);
      return outcome;
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
      state: over
        ? 'ended'
        : initDurationMs === undefined
          ? 'init'
          : invocations.running() > 0
            ? 'busy'
            : 'idle',
      frozen: false,
      startedAtUnixMs,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
      ...over,
      extensions: api.extensions().map((extension) => ({ ...extension, pid: undefined })),
      resets: [],
      invocations: invocations.records(),
    }),
    stop: async (reason) => {
      end({ errorType: 'Runtime.ExitError', reason });
      runtime.kill();
      await runtime.ended;
    },
  };
  return self;
}
