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
import { toPlatformError } from './invocation.ts';
import type { Invocation, InvocationOutcome } from './invocation.ts';
import type { InvocationResult } from './invocationResult.ts';
import { createLifecycle } from './lifecycle.ts';
import type { LogEvent } from './logEvent.ts';
import type { EnvironmentRecord, InvocationRecord } from './record.ts';
import { readPeakMemoryMb, toReportLine } from './report.ts';
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
  readonly onEnded: (environment: Environment) => void;
}

/** One execution environment: a process group, its APIs, and at most one invocation at a time. */
export interface Environment {
  readonly id: string;
  /** Delivers an event; only when idle. The promise settles with the response, not with the end of the invocation. */
  invoke(invocation: Invocation): Promise<InvocationOutcome>;
  isIdle(): boolean;
  record(): EnvironmentRecord;
  /** Kills the process group and closes the APIs; resolves when the process is gone. */
  stop(reason: string): Promise<void>;
}

interface RunningInvocation {
  readonly requestId: string;
  readonly settle: (outcome: InvocationOutcome) => void;
  readonly timer: NodeJS.Timeout;
  record: InvocationRecord;
}

/** Older invocations are forgotten: the record must not grow with the uptime. */
const INVOCATIONS_KEPT = 2000;

/**
 * Starts an environment: its APIs first, then the process.
 *
 * @param options the function, the platform around it, and whom to tell
 */
export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { settings, clock } = options;
  const id = randomUUID();
  const logStreamName = toLogStreamName(clock());
  const lifecycle = createLifecycle();
  const invocations: InvocationRecord[] = [];
  let state: EnvironmentRecord['state'] = 'init';
  let frozen = false;
  let running: RunningInvocation | undefined;
  let initDurationMs: number | undefined;
  let endedAtUnixMs: number | undefined;
  let endReason: string | undefined;
  let fatalErrorType: string | undefined;
  let initFailure: InitFailure | undefined;
  let invokedBefore = false;
  let whenEnded: () => void;
  const ended = new Promise<void>((resolve) => {
    whenEnded = resolve;
  });

  const log = (source: LogEvent['source'], line: string): void =>
    options.onLog({ functionName: settings.name, environmentId: id, source, line, atUnixMs: clock() });

  const api: ApiServer = await startApiServer({
    lifecycle,
    functionName: settings.name,
    functionArn: settings.arn,
    accountId: options.account.accountId,
    handler: settings.handler,
    events: {
      onNext: () => settleDown(),
      onResult: (result) => respond(result),
      onInitError: (errorType, payload) => {
        initFailure = { errorType, payload };
        end(`init error ${errorType}`);
      },
      onExtensionError: (errorType) => {
        fatalErrorType ??= errorType;
      },
    },
  });

  const startedAtUnixMs = clock();
  const functionProcess: FunctionProcess = startFunctionProcess({
    settings,
    client: options.client,
    environment: {
      ...toEnvironmentVariables({
        settings,
        account: options.account,
        runtimeApi: api.authority,
        logStreamName,
        optDir: options.optDir,
        runtimeDir: dirname(options.client.entryPath),
        nodeDir: dirname(options.client.nodePath),
        hostPath: options.hostPath,
      }),
      ...(options.client.preloadPath === undefined
        ? {}
        : { CLICKSPAN_RUNTIME_CLIENT_ENTRY: options.client.entryPath }),
    },
    reaper: options.reaper,
    onLine: log,
    onExit: (exit) => onExit(exit),
  });
  const initTimer = setTimeout(() => {
    initFailure = toInitTimeout(options.initTimeoutMs);
    end('init timeout');
  }, options.initTimeoutMs);

  /** Someone has asked for a next event: whether that was the last one that we waited for. */
  function settleDown(): void {
    if (state === 'init' && lifecycle.isInitialized()) {
      clearTimeout(initTimer);
      initDurationMs = clock() - startedAtUnixMs;
      becomeIdle();
    } else if (
      state === 'busy' &&
      running &&
      running.record.responseUnixMs !== undefined &&
      lifecycle.isIdle()
    ) {
      finishInvocation(running.record.status);
      becomeIdle();
    }
  }

  function becomeIdle(): void {
    state = 'idle';
    environment_.onIdle();
    // Nothing was delivered meanwhile, so from here on nothing may run.
    if (state === 'idle' && options.freeze) {
      frozen = true;
      functionProcess.freeze();
    }
  }

  function invoke(invocation: Invocation): Promise<InvocationOutcome> {
    if (state !== 'idle') throw new Error(`environment ${id} is ${state}`);
    state = 'busy';
    if (frozen) functionProcess.thaw();
    frozen = false;
    const { requestId } = invocation;
    const startUnixMs = clock();
    log('platform', `START RequestId: ${requestId} Version: $LATEST`);
    return new Promise((settle) => {
      const timer = setTimeout(() => timeOut(), settings.timeoutMs);
      const record: InvocationRecord = { requestId, startUnixMs, cold: !invokedBefore, status: 'running' };
      running = { requestId, settle, timer, record };
      invocations.push(record);
      if (invocations.length > INVOCATIONS_KEPT) invocations.shift();
      api.deliver(invocation, startUnixMs + settings.timeoutMs);
    });
  }

  function respond(result: InvocationResult): void {
    if (!running) return;
    const { requestId } = running;
    update(running, { responseUnixMs: clock(), status: result.status });
    const { payload, contentType, errorType } = result;
    if (result.status === 'ok') running.settle({ status: 'ok', requestId, payload, contentType });
    else running.settle({ status: 'error', requestId, errorType, payload });
  }

  function timeOut(): void {
    if (!running) return;
    const message = `Task timed out after ${(settings.timeoutMs / 1000).toFixed(2)} seconds`;
    log('platform', `${new Date(clock()).toISOString()} ${running.requestId} ${message}`);
    failInvocation('timeout', 'Sandbox.Timedout', message);
    end('timeout');
  }

  function failInvocation(status: 'timeout' | 'crash', errorType: string, message: string): void {
    if (!running) return;
    running.settle(toPlatformError(running.requestId, errorType, message));
    finishInvocation(status);
  }

  function finishInvocation(status: InvocationRecord['status']): void {
    if (!running || status === 'running') return;
    clearTimeout(running.timer);
    const endUnixMs = clock();
    update(running, { endUnixMs, status });
    log('platform', `END RequestId: ${running.requestId}`);
    const report = {
      requestId: running.requestId,
      durationMs: endUnixMs - running.record.startUnixMs,
      initDurationMs: running.record.cold ? initDurationMs : undefined,
      memoryMb: settings.memoryMb,
      maxMemoryUsedMb: readPeakMemoryMb(functionProcess.pid),
      status,
    };
    log('platform', toReportLine(report));
    invokedBefore = true;
    running = undefined;
  }

  function update(invocation: RunningInvocation, change: Partial<InvocationRecord>): void {
    const at = invocations.lastIndexOf(invocation.record);
    invocation.record = { ...invocation.record, ...change };
    if (at >= 0) invocations[at] = invocation.record;
  }

  function end(reason: string): void {
    endReason ??= reason;
    functionProcess.kill();
  }

  function onExit(exit: ProcessExit): void {
    clearTimeout(initTimer);
    const wasInit = state === 'init';
    const wasAsked = endReason !== undefined;
    state = 'ended';
    frozen = false;
    endedAtUnixMs = clock();
    endReason ??= exit.reason;
    const errorType = fatalErrorType ?? exit.errorType;
    if (running && !wasAsked)
      log('platform', `RequestId: ${running.requestId} Error: ${exit.reason}\n${errorType}`);
    failInvocation('crash', errorType, wasAsked ? endReason : exit.reason);
    api.stop().then(
      () => whenEnded(),
      () => whenEnded(),
    );
    if (wasInit) environment_.onInitFailed(initFailure ?? toInitFailure(errorType, endReason));
    environment_.onEnded();
  }

  const environment: Environment = {
    id,
    invoke,
    isIdle: () => state === 'idle',
    record: () => ({
      id,
      functionName: settings.name,
      pid: functionProcess.pid,
      processGroupId: functionProcess.pid,
      logStreamName,
      state,
      frozen,
      startedAtUnixMs,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
      ...(endedAtUnixMs === undefined ? {} : { endedAtUnixMs }),
      ...(endReason === undefined ? {} : { endReason }),
      invocations: [...invocations],
    }),
    stop: (reason) => {
      end(reason);
      return ended;
    },
  };
  const environment_ = {
    onIdle: () => options.onIdle(environment),
    onInitFailed: (failure: InitFailure) => options.onInitFailed(environment, failure),
    onEnded: () => options.onEnded(environment),
  };
  return environment;
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
