import { randomUUID } from 'node:crypto';
import type { Clock } from '../../platform/clock.ts';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import type { Reaper } from '../../platform/reaper.ts';
import { createEnvironmentLog } from './environmentLog.ts';
import { toLogStreamName, toNames } from './environmentNames.ts';
import type { InitializationType } from './environmentVariables.ts';
import { listExtensionFiles } from './extensionFiles.ts';
import type { Account, FunctionSettings } from './functionConfig.ts';
import { createInitPhase } from './initPhase.ts';
import { createInvocationLedger } from './invocationLedger.ts';
import { createLimits } from './limits.ts';
import type { LimitsConfig } from './limits.ts';
import type { LogEvent } from './logEvent.ts';
import { toErrorType } from './platformEvents.ts';
import type { EnvironmentRecord, EnvironmentReset } from './record.ts';
import { readPeakMemoryMb, toInitReportLine, toInitStartLine } from './report.ts';
import { restore } from './restore.ts';
import type { RuntimeClient } from './runtimeClient.ts';
import { startSandbox } from './sandbox.ts';
import type { Sandbox } from './sandbox.ts';
import { toMemoryFailure, toOpeningFailure } from './sandboxFailure.ts';
import type { SandboxFailure } from './sandboxFailure.ts';
import { prepareSnapshot } from './snapshotImage.ts';
import type { SnapshotImage } from './snapshotImage.ts';
import type { PostBatch } from './telemetryBuffer.ts';

export interface EnvironmentOptions {
  readonly settings: FunctionSettings;
  readonly account: Account;
  readonly client: RuntimeClient;
  /** Where the function's layers have been unpacked. */
  readonly optDir: string;
  readonly limits: LimitsConfig;
  readonly initializationType: InitializationType;
  readonly hostPath: string;
  /** What it is restored from, where its initialization type is `snap-start`. */
  readonly snapshotImage?: SnapshotImage | undefined;
  readonly initTimeoutMs: number;
  readonly freeze: boolean;
  readonly reaper: Reaper;
  readonly clock: Clock;
  readonly onLog: (event: LogEvent) => void;
  /** Posts to the listeners of the Telemetry API. */
  readonly postTelemetry: PostBatch;
  /** It can take an event now; when it gets none before this returns, it is frozen. */
  readonly onIdle: (environment: Environment) => void;
  /** It takes no further event and is being shut down. Not told of one that dies by itself. */
  readonly onEnding: (environment: Environment) => void;
  readonly onEnded: (environment: Environment) => void;
}

/** One execution environment: its processes, their APIs, and at most one invocation at a time. */
export interface Environment {
  readonly id: string;
  readonly initializationType: InitializationType;
  /** Delivers an event; only when idle. The promise settles with the response, not with the end of the invocation. */
  invoke(invocation: Invocation): Promise<InvocationOutcome>;
  isIdle(): boolean;
  /** Whether it has answered, and runtime or extensions have yet to ask for their next event. */
  isFinishing(): boolean;
  record(): EnvironmentRecord;
  /** Shuts the processes down and closes the APIs; resolves when all are gone. */
  stop(reason: string): Promise<void>;
}

/**
 * Starts an environment. When its INIT fails, or an invocation brings its processes down, they are ended, and the next
 * invocation begins with an INIT of its own, within its time limit: AWS's "suppressed init"
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, "Failures during the invoke phase").
 *
 * @param options the function, the platform around it, and whom to tell
 */
export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { settings, clock, client, initializationType } = options;
  const id = randomUUID();
  const logStreamName = toLogStreamName(clock());
  const extensionFiles = await listExtensionFiles(options.optDir);
  const { group, limits } = createLimits(id, settings.memoryMb, options.limits, options.reaper);
  const snapshot = options.snapshotImage && prepareSnapshot(options.snapshotImage, options.optDir);
  const startedAtUnixMs = clock();
  const resets: EnvironmentReset[] = [];
  let state: EnvironmentRecord['state'] = 'init';
  let frozen = false;
  let oomKillsSeen = 0;
  let isSnapshot = initializationType === 'snap-start';
  let initDurationMs: number | undefined;
  let over: { readonly endReason: string; readonly endedAtUnixMs?: number } | undefined;
  let pid: number | undefined;
  /** None while there are no processes: before the first, and after a reset. */
  let sandbox: Sandbox | undefined;
  let opening: Promise<unknown> = Promise.resolve();
  let whenOpened: (() => void) | undefined;
  let shutting: Promise<void> = Promise.resolve();

  const log = createEnvironmentLog(options, id);
  const { telemetry } = log;
  const ledger = createInvocationLedger({
    timeoutMs: settings.timeoutMs,
    memoryMb: settings.memoryMb,
    clock,
    log: (line) => log.text(line),
    emit: (type, record) => telemetry.emit(type, record),
    // What has been initialized in advance is no invocation's.
    initDurationMs: () => (initializationType === 'on-demand' ? initDurationMs : undefined),
    readPeakMemoryMb: () => readPeakMemoryMb(sandbox?.pid),
    onTimeout: () => reset('timeout', 'Sandbox.Timedout'),
  });

  async function openSandbox(): Promise<void> {
    const starting = startSandbox({
      settings,
      client,
      group,
      snapshot,
      extensionFiles,
      account: options.account,
      reaper: options.reaper,
      clock,
      onLine: (source, line, extension) => log.line(source, line, extension),
      names: toNames(options, logStreamName),
      events: {
        onInitialized: () => init.end('ready'),
        onSubscribe: (name, body) => telemetry.subscribe(name, body),
        onRuntimeDone: () => ledger.runtimeDone(),
        onResponse: () => ledger.beginResponse(),
        onResult: (result) => ledger.respond(result),
        onIdle: () => {
          if (state === 'busy' && ledger.finish()) becomeIdle();
        },
        onFailed: (failure) => onFailed(failure),
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
    telemetry,
    open: openSandbox,
    extensions: () => sandbox?.extensions() ?? [],
  });

  async function runInit(): Promise<void> {
    const begunUnixMs = clock();
    log.text(toInitStartLine(settings.runtime));
    const outcome = await init.run('init', options.initTimeoutMs);
    if (over) return;
    if (outcome === 'ready') {
      initDurationMs = clock() - begunUnixMs;
      if (initializationType !== 'on-demand')
        log.text(toInitReportLine({ phase: 'init', durationMs: initDurationMs, outcome }));
      return becomeIdle();
    }
    log.text(toInitReportLine({ phase: 'init', durationMs: clock() - begunUnixMs, outcome }));
    reset(outcome === 'timeout' ? 'timeout' : 'failure', toErrorType(outcome));
  }

  function onFailed(failure: SandboxFailure): void {
    const oomKills = group?.oomKills() ?? 0;
    const told = toMemoryFailure(failure, oomKills - oomKillsSeen);
    oomKillsSeen = oomKills;
    if (init.isRunning()) init.end(told);
    else if (state === 'busy') {
      ledger.crash(told);
      reset('failure', told.errorType);
    } else if (state === 'idle') finish(failure.reason);
  }

  /** Ends the processes; the environment stays, and the next invocation starts them again. */
  function reset(reason: EnvironmentReset['reason'], errorType: string): void {
    resets.push({ atUnixMs: clock(), reason, errorType });
    init.end({ errorType, reason });
    closeSandbox(reason);
  }

  function closeSandbox(reason: EnvironmentReset['reason']): void {
    const ended = sandbox;
    if (over || !ended) return;
    pid = ended.pid;
    sandbox = undefined;
    telemetry.flush();
    const limitMs = ended.shutdownLimitMs();
    shutting = ended.shutDown(reason).then(() => telemetry.reset());
    // What is killed at once is gone before an event could find it; extensions are given their time first.
    if (limitMs === 0) becomeIdle();
    else void shutting.then(becomeIdle);
  }

  function becomeIdle(): void {
    if (over) return;
    state = 'idle';
    options.onIdle(environment);
    if (!environment.isIdle() || !options.freeze || !sandbox) return;
    // Nothing was delivered meanwhile, so from here on nothing may run.
    frozen = true;
    telemetry.freeze();
    sandbox.freeze();
  }

  /** Asynchronous in the type, so that no failure is missed; an initialized environment gets its event at once. */
  async function invoke(invocation: Invocation): Promise<InvocationOutcome> {
    if (state !== 'idle') throw new Error(`environment ${id} is ${state}`);
    state = 'busy';
    if (isSnapshot) snapshot?.restored();
    if (frozen) {
      sandbox?.thaw();
      telemetry.thaw();
    }
    frozen = false;
    const startUnixMs = clock();
    const outcome = ledger.begin(invocation, startUnixMs);
    if (sandbox && isSnapshot) await restoreWithin(sandbox, invocation);
    else if (sandbox) deliver(invocation, startUnixMs);
    else await initializeWithin(invocation, startUnixMs);
    return outcome;
  }

  async function restoreWithin(snapshot: Sandbox, invocation: Invocation): Promise<void> {
    isSnapshot = false;
    const isOpen = (): boolean => ledger.isOpen(invocation.requestId);
    const restoreMs = await restore(snapshot, options, log, logStreamName, isOpen);
    if (restoreMs === undefined) return;
    ledger.restored(restoreMs);
    deliver(invocation, clock());
  }

  async function initializeWithin(invocation: Invocation, startUnixMs: number): Promise<void> {
    await shutting;
    if (over) return;
    const begunUnixMs = clock();
    const reached = await init.run('invoke', undefined).catch(toOpeningFailure);
    const suppressedInitMs = clock() - begunUnixMs;
    ledger.initialized(suppressedInitMs);
    // Its time limit has been told already, but perhaps before there was a sandbox.
    if (!ledger.isOpen(invocation.requestId)) return closeSandbox('timeout');
    if (over) return;
    if (reached === 'ready') return deliver(invocation, startUnixMs);
    log.text(toInitReportLine({ phase: 'invoke', durationMs: suppressedInitMs, outcome: reached }));
    if (reached === 'timeout') return;
    ledger.start();
    ledger.crash(reached);
    const isOpen = sandbox !== undefined;
    reset('failure', reached.errorType);
    if (!isOpen) becomeIdle();
  }

  function deliver(invocation: Invocation, startUnixMs: number): void {
    ledger.start();
    sandbox!.deliver(invocation, startUnixMs + settings.timeoutMs);
  }

  function finish(endReason: string): void {
    if (state === 'ended') return;
    const last = sandbox?.shutDown('spindown') ?? shutting;
    over = { endReason, endedAtUnixMs: clock() };
    ledger.crash({ errorType: 'Runtime.ExitError', reason: endReason });
    state = 'ended';
    frozen = false;
    telemetry.reset();
    void last.finally(() => group?.remove());
    options.onEnded(environment);
  }

  async function stop(endReason: string): Promise<void> {
    if (state === 'ended') return sandbox?.shutDown('spindown');
    if (!over) {
      over = { endReason };
      options.onEnding(environment);
      telemetry.thaw();
      telemetry.flush();
      init.end({ errorType: 'Sandbox.Failure', reason: endReason });
    }
    await opening;
    await sandbox?.shutDown('spindown');
    await shutting;
    finish(over.endReason);
  }

  const environment: Environment = {
    id,
    initializationType,
    invoke,
    isIdle: () => state === 'idle' && !over,
    isFinishing: () => state === 'busy' && !over && ledger.isAnswered(),
    record: () => ({
      id,
      functionName: settings.name,
      runtime: settings.runtime,
      runtimeClient: client.kind,
      initializationType,
      limits,
      pid: sandbox?.pid ?? pid,
      processGroupId: sandbox?.pid ?? pid,
      logStreamName,
      state,
      frozen,
      startedAtUnixMs,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
      ...over,
      extensions: sandbox?.extensions() ?? [],
      resets: [...resets],
      invocations: ledger.records(),
    }),
    stop,
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
  initialized.catch((error: unknown) => finish(toOpeningFailure(error).reason));
  return environment;
}
