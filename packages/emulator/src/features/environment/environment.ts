import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import type { Reaper } from '../../platform/reaper.ts';
import { startApiServer } from './apiServer.ts';
import type { ApiServer } from './apiServer.ts';
import { toEnvironmentVariables } from './environmentVariables.ts';
import type { Account, FunctionSettings } from './functionConfig.ts';
import { startFunctionProcess } from './functionProcess.ts';
import type { FunctionProcess, ProcessExit } from './functionProcess.ts';
import type { Invocation, InvocationOutcome } from './invocation.ts';
import { createInvocationLedger } from './invocationLedger.ts';
import { createLifecycle } from './lifecycle.ts';
import type { LogEvent } from './logEvent.ts';
import type { EnvironmentRecord } from './record.ts';
import { readPeakMemoryMb } from './report.ts';
import type { RuntimeClient } from './runtimeClient.ts';

/** Why an environment could not be initialized. */
export interface InitFailure {
  readonly errorType: string;
  readonly payload: Buffer;
}

export interface EnvironmentOptions {
  readonly settings: FunctionSettings;
  readonly account: Account;
  readonly client: RuntimeClient;
  /** Where the function's layers have been unpacked. */
  readonly optDir: string;
  readonly hostPath: string;
  readonly initTimeoutMs: number;
  readonly freeze: boolean;
  readonly reaper: Reaper;
  readonly clock: Clock;
  readonly onLog: (event: LogEvent) => void;
  /** It can take an event now; when it gets none before this returns, it is frozen. */
  readonly onIdle: (environment: Environment) => void;
  readonly onInitFailed: (environment: Environment, failure: InitFailure) => void;
  /** It takes no further event and is being killed. Not told of one that dies by itself. */
  readonly onEnding: (environment: Environment) => void;
  readonly onEnded: (environment: Environment) => void;
}

/** One execution environment: a process group, its APIs, and at most one invocation at a time. */
export interface Environment {
  readonly id: string;
  /** Delivers an event; only when idle. The promise settles with the response, not with the end of the invocation. */
  invoke(invocation: Invocation): Promise<InvocationOutcome>;
  isIdle(): boolean;
  /** Whether it has answered, and runtime or extensions have yet to ask for their next event. */
  isFinishing(): boolean;
  record(): EnvironmentRecord;
  /** Kills the process group and closes the APIs; resolves when the process is gone. */
  stop(reason: string): Promise<void>;
}

/**
 * Starts an environment: its APIs first, then the process.
 *
 * @param options the function, the platform around it, and whom to tell
 */
export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { settings, clock, client } = options;
  const id = randomUUID();
  const logStreamName = toLogStreamName(clock());
  const lifecycle = createLifecycle();
  let state: EnvironmentRecord['state'] = 'init';
  let frozen = false;
  let initDurationMs: number | undefined;
  let over: { readonly endReason: string; readonly endedAtUnixMs?: number } | undefined;
  let fatalErrorType: string | undefined;
  let initFailure: InitFailure | undefined;
  let whenEnded: () => void;
  const ended = new Promise<void>((resolve) => {
    whenEnded = resolve;
  });

  const log = (source: LogEvent['source'], line: string): void =>
    options.onLog({ functionName: settings.name, environmentId: id, source, line, atUnixMs: clock() });

  const ledger = createInvocationLedger({
    timeoutMs: settings.timeoutMs,
    memoryMb: settings.memoryMb,
    clock,
    log: (line) => log('platform', line),
    initDurationMs: () => initDurationMs,
    readPeakMemoryMb: () => readPeakMemoryMb(functionProcess.pid),
    onTimeout: () => end('timeout'),
  });
  const api: ApiServer = await startApiServer({
    lifecycle,
    functionName: settings.name,
    functionArn: settings.arn,
    accountId: options.account.accountId,
    handler: settings.handler,
    events: {
      onNext: () => settleDown(),
      onResult: (result) => ledger.respond(result),
      onInitError: (errorType, payload) => endInit({ errorType, payload }),
      onExtensionError: (errorType) => {
        fatalErrorType ??= errorType;
      },
    },
  });
  const startedAtUnixMs = clock();
  let functionProcess: FunctionProcess;
  try {
    functionProcess = startFunctionProcess({
      settings,
      client,
      environment: toProcessEnvironment(options, api.authority, logStreamName),
      reaper: options.reaper,
      onLine: log,
      onExit: (exit) => onExit(exit),
    });
  } catch (error) {
    await api.stop();
    throw error;
  }
  const initTimer = setTimeout(() => endInit(toInitTimeout(options.initTimeoutMs)), options.initTimeoutMs);

  /** Someone has asked for a next event: whether that was the last one that we waited for. */
  function settleDown(): void {
    if (over) return;
    if (state === 'init' && lifecycle.isInitialized()) {
      clearTimeout(initTimer);
      initDurationMs = clock() - startedAtUnixMs;
      becomeIdle();
    } else if (state === 'busy' && lifecycle.isIdle() && ledger.finish()) becomeIdle();
  }

  function becomeIdle(): void {
    state = 'idle';
    options.onIdle(environment);
    if (!environment.isIdle() || !options.freeze) return;
    // Nothing was delivered meanwhile, so from here on nothing may run.
    frozen = true;
    functionProcess.freeze();
  }

  /** Asynchronous in the type, so that no failure is missed; what it does it does at once. */
  async function invoke(invocation: Invocation): Promise<InvocationOutcome> {
    if (state !== 'idle') throw new Error(`environment ${id} is ${state}`);
    state = 'busy';
    if (frozen) functionProcess.thaw();
    frozen = false;
    const startUnixMs = clock();
    const outcome = ledger.begin(invocation, startUnixMs);
    api.deliver(invocation, startUnixMs + settings.timeoutMs);
    return outcome;
  }

  function endInit(failure: InitFailure): void {
    initFailure = failure;
    end(`init: ${failure.errorType}`);
  }

  function end(endReason: string): void {
    if (!over) {
      over = { endReason };
      options.onEnding(environment);
    }
    functionProcess.kill();
  }

  function onExit(exit: ProcessExit): void {
    clearTimeout(initTimer);
    const errorType = fatalErrorType ?? exit.errorType;
    const endReason = over?.endReason ?? exit.reason;
    over = { endReason, endedAtUnixMs: clock() };
    ledger.crash(errorType, endReason);
    const wasInit = state === 'init';
    state = 'ended';
    frozen = false;
    void api.stop().finally(() => whenEnded());
    if (wasInit) options.onInitFailed(environment, initFailure ?? toInitFailure(errorType, endReason));
    options.onEnded(environment);
  }

  const environment: Environment = {
    id,
    invoke,
    isIdle: () => state === 'idle' && !over,
    isFinishing: () => state === 'busy' && !over && ledger.isAnswered(),
    record: () => ({
      id,
      functionName: settings.name,
      runtime: settings.runtime,
      runtimeClient: client.kind,
      pid: functionProcess.pid,
      processGroupId: functionProcess.pid,
      logStreamName,
      state,
      frozen,
      startedAtUnixMs,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
      ...over,
      invocations: ledger.records(),
    }),
    stop: (reason) => {
      end(reason);
      return ended;
    },
  };
  return environment;
}

function toProcessEnvironment(
  { settings, account, client, optDir, hostPath }: EnvironmentOptions,
  runtimeApi: string,
  logStreamName: string,
): Record<string, string> {
  const runtimeDir = client.clientDir;
  const nodeDir = dirname(client.nodePath);
  const variables = { settings, account, runtimeApi, logStreamName, optDir, runtimeDir, nodeDir, hostPath };
  // Tells the stand-in's preload which process is the runtime's; it takes the variable away again.
  const entry = client.preloadPath === undefined ? {} : { CLICKSPAN_RUNTIME_CLIENT_ENTRY: client.entryPath };
  return { ...toEnvironmentVariables(variables), ...entry };
}

function toLogStreamName(unixMs: number): string {
  const day = new Date(unixMs).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[$LATEST]${randomUUID().replaceAll('-', '')}`;
}

function toInitFailure(errorType: string, errorMessage: string): InitFailure {
  return { errorType, payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
}

function toInitTimeout(timeoutMs: number): InitFailure {
  const seconds = (timeoutMs / 1000).toFixed(2);
  return toInitFailure('Sandbox.Timedout', `Error: Task timed out after ${seconds} seconds`);
}
