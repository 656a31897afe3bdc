import { randomUUID } from 'node:crypto';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import type { EnvironmentOptions } from './environment.ts';
import { createEnvironmentLog } from './environmentLog.ts';
import { toLogStreamName, toNames } from './environmentNames.ts';
import { listExtensionFiles } from './extensionFiles.ts';
import { createInitPhase } from './initPhase.ts';
import { createLimits } from './limits.ts';
import { createManyInvocations } from './manyInvocations.ts';
import type { EnvironmentRecord } from './record.ts';
import { startSandbox } from './sandbox.ts';
import type { Sandbox } from './sandbox.ts';
import { toMemoryFailure, toOpeningFailure } from './sandboxFailure.ts';
import type { SandboxFailure } from './sandboxFailure.ts';
import type { ShutdownReason } from './shutdown.ts';

export type ManyOptions = Omit<
  EnvironmentOptions,
  'initializationType' | 'snapshotImage' | 'onIdle' | 'onEnding' | 'onEnded' | 'freeze'
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
  const { maxConcurrency } = settings.managedInstances!;
  const id = randomUUID();
  const initializationType = 'lambda-managed-instances';
  const logStreamName = toLogStreamName(clock());
  const extensionFiles = await listExtensionFiles(options.optDir);
  const { group, limits } = createLimits(id, settings.memoryMb, options.limits, options.reaper);
  const startedAtUnixMs = clock();
  const log = createEnvironmentLog(options, id);
  const { arn, timeoutMs } = settings;
  const invocations = createManyInvocations({ arn, timeoutMs, clock, log });
  let initDurationMs: number | undefined;
  let over: { readonly endReason: string; readonly endedAtUnixMs: number } | undefined;
  let sandbox: Sandbox | undefined;
  let opening: Promise<unknown> = Promise.resolve();
  let whenOpened: (() => void) | undefined;
  let whenSettled: () => void;
  const settled = new Promise<void>((resolve) => {
    whenSettled = resolve;
  });

  async function openSandbox(): Promise<void> {
    const starting = startSandbox({
      settings,
      client,
      group,
      snapshot: undefined,
      extensionFiles,
      account: options.account,
      reaper: options.reaper,
      clock,
      onLine: (source, line, extension) => log.line(source, line, extension),
      names: toNames({ ...options, initializationType }, logStreamName),
      many: {
        stateOf: (requestId) => invocations.stateOf(requestId),
        onResult: (requestId, result) => invocations.respond(requestId, result),
      },
      events: {
        onInitialized: () => init.end('ready'),
        onSubscribe: (name, body) => log.telemetry.subscribe(name, body),
        onRuntimeDone: () => undefined,
        onResponse: () => undefined,
        onResult: () => undefined,
        onIdle: () => options.onRoom(),
        onFailed: (failure) => onFailed(toMemoryFailure(failure, group?.oomKills() ?? 0)),
      },
    });
    opening = starting.catch(() => undefined);
    sandbox = await starting;
    whenOpened?.();
  }

  const init = createInitPhase({
    settings,
    logStreamName,
    initializationType,
    clock,
    telemetry: log.telemetry,
    open: openSandbox,
    extensions: () => sandbox?.extensions() ?? [],
  });

  async function runInit(): Promise<void> {
    const outcome = await init.run('init', options.initTimeoutMs);
    if (over) return;
    if (outcome === 'ready') {
      initDurationMs = clock() - startedAtUnixMs;
      whenSettled();
      return options.onRoom();
    }
    if (outcome !== 'timeout') return end(outcome, 'failure');
    const reason = `Init timed out after ${(options.initTimeoutMs / 1000).toFixed(2)} seconds`;
    end({ errorType: 'Sandbox.Timedout', reason }, 'timeout');
  }

  function onFailed(failure: SandboxFailure): void {
    if (init.isRunning()) init.end(failure);
    else end(failure, 'failure');
  }

  function end(failure: SandboxFailure, reason: ShutdownReason): void {
    if (over) return;
    over = { endReason: failure.reason, endedAtUnixMs: clock() };
    init.end(failure);
    invocations.crash(failure);
    log.telemetry.flush();
    void opening
      .then(() => sandbox?.shutDown(reason))
      .finally(() => {
        log.telemetry.reset();
        group?.remove();
      });
    whenSettled();
    options.onEnded(self, failure);
  }

  const self: ManyEnvironment = {
    settled,
    room: () =>
      over || initDurationMs === undefined || !sandbox
        ? 0
        : Math.min(maxConcurrency - invocations.running(), sandbox.waiting()),
    isFull: () => over !== undefined || invocations.running() >= maxConcurrency,
    isInitialized: () => initDurationMs !== undefined,
    invoke: (invocation) => {
      const startUnixMs = clock();
      const outcome = invocations.begin(invocation, startUnixMs);
      sandbox!.deliver(invocation, startUnixMs + timeoutMs);
      return outcome;
    },
    record: () => ({
      id,
      functionName: settings.name,
      runtime: settings.runtime,
      runtimeClient: client.kind,
      initializationType,
      limits,
      pid: sandbox?.pid,
      processGroupId: sandbox?.pid,
      logStreamName,
      state: toState(over !== undefined, initDurationMs, invocations.running()),
      frozen: false,
      startedAtUnixMs,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
      ...over,
      extensions: sandbox?.extensions() ?? [],
      resets: [],
      invocations: invocations.records(),
    }),
    stop: async (reason) => {
      end({ errorType: 'Runtime.ExitError', reason }, 'spindown');
      await opening;
      await sandbox?.shutDown('spindown');
    },
  };
  const initialized = runInit();
  const opened = new Promise<void>((resolve) => {
    whenOpened = resolve;
  });
  try {
    // What cannot even be opened is no environment.
    await Promise.race([initialized, opened]);
  } catch (error) {
    group?.remove();
    throw error;
  }
  initialized.catch((error: unknown) => end(toOpeningFailure(error), 'failure'));
  return self;
}

function toState(
  isOver: boolean,
  initDurationMs: number | undefined,
  running: number,
): EnvironmentRecord['state'] {
  if (isOver) return 'ended';
  if (initDurationMs === undefined) return 'init';
  return running > 0 ? 'busy' : 'idle';
}
