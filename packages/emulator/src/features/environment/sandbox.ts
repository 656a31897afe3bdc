import type { Clock } from '../../platform/clock.ts';
import type { ControlGroup } from '../../platform/controlGroup.ts';
import type { Reaper } from '../../platform/reaper.ts';
import { startApiServer } from './apiServer.ts';
import { startManyApi } from './manyApi.ts';
import type { ManyApiOptions, ManyEvents } from './manyApi.ts';
import type { ApiServer } from './apiServer.ts';
import { toExtensionVariables, toRuntimeVariables } from './environmentVariables.ts';
import type { Names } from './environmentVariables.ts';
import type { ExtensionFile } from './extensionFiles.ts';
import type { Account, FunctionSettings } from './functionConfig.ts';
import type { Invocation } from '../../platform/invocation.ts';
import type { InvocationResult } from './invocationResult.ts';
import { createLifecycle, MAX_EXTENSIONS } from './lifecycle.ts';
import type { ExtensionInfo } from './lifecycle.ts';
import { joinGroup } from './limits.ts';
import type { RuntimeClient } from './runtimeClient.ts';
import { toRuntimeCommand } from './runtimeCommand.ts';
import { toExtensionFailure, toRuntimeFailure } from './sandboxFailure.ts';
import type { SandboxFailure } from './sandboxFailure.ts';
import { startSandboxProcess } from './sandboxProcess.ts';
import type { SandboxProcess } from './sandboxProcess.ts';
import { shutDown, toShutdownLimits } from './shutdown.ts';
import type { ShutdownReason } from './shutdown.ts';
import type { WaitingSnapshot } from './snapshotImage.ts';
import type { TelemetryAnswer } from './telemetry.ts';

export interface SandboxOptions {
  readonly settings: FunctionSettings;
  readonly account: Account;
  readonly client: RuntimeClient;
  readonly names: Names;
  readonly extensionFiles: readonly ExtensionFile[];
  readonly group: ControlGroup | undefined;
  /** What the runtime's INIT shall be a part of, where there is a snapshot. */
  readonly snapshot: WaitingSnapshot | undefined;
  readonly reaper: Reaper;
  readonly clock: Clock;
  readonly onLine: (source: 'stdout' | 'stderr', line: string, extension?: string) => void;
  readonly events: SandboxEvents;
  /** For many requests at once: its runtime's answers go here, and not to `events`. */
  readonly many?: Pick<ManyApiOptions, 'stateOf'> & Pick<ManyEvents, 'onResult'>;
}

/** What a sandbox tells its environment. */
export interface SandboxEvents {
  /** INIT is over: everyone has asked for a first event. */
  onInitialized(): void;
  onSubscribe(name: string, body: Buffer): TelemetryAnswer;
  /** The runtime has asked for its next event, and so is done with the one before. */
  onRuntimeDone(): void;
  onResponse(): void;
  onResult(result: InvocationResult): void;
  /** An invocation is over: runtime and extensions have asked for their next event. */
  onIdle(): void;
  /** Once, and not when it is being shut down. */
  onFailed(failure: SandboxFailure): void;
}

/** One generation of an environment's processes, with the APIs that they talk to. */
export interface Sandbox {
  /** Of the runtime; undefined while extensions have yet to register. */
  readonly pid: number | undefined;
  /** How many events its runtime asks for at this moment. */
  waiting(): number;
  deliver(invocation: Invocation, deadlineUnixMs: number): void;
  /**
   * Lets a runtime go on that has asked to be restored from a snapshot; resolves when it asks for its first event, and
   * at once when it did not ask.
   */
  restore(): Promise<void>;
  extensions(): readonly (ExtensionInfo & { readonly pid: number | undefined })[];
  freeze(): void;
  thaw(): void;
  /** How long a shutdown may take; 0 means that all is killed at once. */
  shutdownLimitMs(): number;
  /** Ends everything; resolves when every process is gone and the APIs are closed. */
  shutDown(reason: ShutdownReason): Promise<void>;
}

/**
 * Starts a sandbox: its APIs, then the external extensions, and when these have registered, the runtime (rapid core,
 * rapid/handlers.go `doRuntimeDomainInit`).
 *
 * @param options the function, the platform around it, and whom to tell
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { settings, client, extensionFiles, events } = options;
  const { many } = options;
  const lifecycle = createLifecycle(
    extensionFiles.map(({ name }) => name),
    many !== undefined,
  );
  const extensions = new Map<string, SandboxProcess>();
  let runtime: SandboxProcess | undefined;
  let phase: 'init' | 'ready' | 'over' = 'init';
  let fatalErrorType: string | undefined;
  let whenRestored: (() => void) | undefined;
  let ending: Promise<void> | undefined;

  const common = {
    lifecycle,
    functionName: settings.name,
    functionArn: settings.arn,
    accountId: options.account.accountId,
    handler: settings.handler,
  };
  const commonEvents = {
    onNext: () => settleDown(),
    onSubscribe: (name: string, body: Buffer) => events.onSubscribe(name, body),
    onRegistered: () => startRuntime(),
    onInitError: (errorType: string, payload: Buffer) => fail({ errorType, reason: errorType, payload }),
    onExtensionError: (errorType: string) => {
      fatalErrorType ??= errorType;
    },
  };
  const startApi = (): Promise<ApiServer> =>
    many
      ? startManyApi({
          ...common,
          stateOf: many.stateOf,
          events: { ...commonEvents, onResult: many.onResult },
        })
      : startApiServer({
          ...common,
          events: {
            ...commonEvents,
            onRuntimeNext: () => {
              whenRestored?.();
              if (phase === 'ready') events.onRuntimeDone();
            },
            onResponse: () => events.onResponse(),
            onResult: (result) => {
              if (phase !== 'over') events.onResult(result);
            },
            onRestoreError: (errorType, payload) => fail({ errorType, reason: errorType, payload }),
          },
        });
  const api = await startApi();
  const names = { ...options.names, runtimeApi: api.authority };

  function settleDown(): void {
    if (phase === 'init' && lifecycle.isInitialized()) {
      phase = 'ready';
      events.onInitialized();
    } else if (phase === 'ready' && lifecycle.isIdle()) events.onIdle();
  }

  function fail(failure: SandboxFailure): void {
    if (phase === 'over') return;
    phase = 'over';
    events.onFailed(failure);
  }

  function startRuntime(): void {
    if (runtime || phase !== 'init' || !lifecycle.areExternalsRegistered()) return;
    const variables = toRuntimeVariables(names);
    const environment = options.snapshot?.withImage(variables) ?? variables;
    const { command, args } = toRuntimeCommand(settings, client, environment);
    runtime = startSandboxProcess({
      command,
      args,
      environment,
      cwd: settings.codeDir,
      reaper: options.reaper,
      onLine: (source, line) => options.onLine(source, line),
      onExit: (exit) => fail(toRuntimeFailure(exit, fatalErrorType)),
    });
    joinGroup(options.group, runtime);
  }

  function startExtension({ name, path }: ExtensionFile): void {
    const started = startSandboxProcess({
      command: path,
      args: [],
      environment: toExtensionVariables(names),
      cwd: '/',
      reaper: options.reaper,
      onLine: (source, line) => options.onLine(source, line, name),
      onExit: (exit) => fail(toExtensionFailure(exit, fatalErrorType)),
    });
    extensions.set(name, started);
    joinGroup(options.group, started);
  }

  const processes = (): readonly SandboxProcess[] => [...extensions.values(), ...(runtime ? [runtime] : [])];
  if (extensionFiles.length > MAX_EXTENSIONS)
    setImmediate(fail, {
      errorType: 'Extension.LaunchError',
      reason: `Extension limit (${MAX_EXTENSIONS}) reached`,
    });
  else {
    try {
      extensionFiles.forEach(startExtension);
      startRuntime();
    } catch (error) {
      phase = 'over';
      for (const each of processes()) each.kill();
      await api.stop();
      throw error;
    }
  }

  return {
    get pid() {
      return runtime?.pid;
    },
    waiting: () => api.waiting(),
    deliver: (invocation, deadlineUnixMs) => api.deliver(invocation, deadlineUnixMs),
    restore: () =>
      new Promise((resolve) => {
        if (!lifecycle.beginRestore()) return resolve();
        whenRestored = resolve;
        api.restore();
      }),
    extensions: () =>
      lifecycle.extensions().map((info) => ({ ...info, pid: extensions.get(info.name)?.pid })),
    freeze: () => processes().forEach((each) => each.freeze()),
    thaw: () => processes().forEach((each) => each.thaw()),
    shutdownLimitMs: () => toShutdownLimits(lifecycle.extensions(), many !== undefined).totalMs,
    shutDown: (reason) => {
      phase = 'over';
      // Who waits for a restore waits no longer.
      whenRestored?.();
      ending ??= shutDown({
        limits: toShutdownLimits(lifecycle.extensions(), many !== undefined),
        runtime,
        extensions,
        tell: (deadlineUnixMs) => api.shutDown(reason, deadlineUnixMs),
        clock: options.clock,
      }).then(() => api.stop());
      return ending;
    },
  };
}
