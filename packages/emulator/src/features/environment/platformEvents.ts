import type { InitializationType } from './environmentVariables.ts';
import type { FunctionSettings } from './functionConfig.ts';
import type { ExtensionInfo } from './lifecycle.ts';
import { toMs } from './report.ts';
import type { SandboxFailure } from './sandboxFailure.ts';
import type { TelemetryEvent } from './telemetryBuffer.ts';

/** How INIT ended; a failure is told by the sandbox. */
export type InitOutcome = 'ready' | 'timeout' | SandboxFailure;

/** What INIT is told to be. */
export interface InitKind {
  readonly initializationType: InitializationType;
  /** Whether it runs on its own or within an invocation. */
  readonly phase: 'init' | 'invoke';
}

type NamedRecord = readonly [type: string, record: Readonly<Record<string, unknown>>];

/**
 * Says of a failed INIT what failed.
 *
 * @param outcome how it ended
 */
export function toErrorType(outcome: Exclude<InitOutcome, 'ready'>): string {
  return outcome === 'timeout' ? 'Sandbox.Timedout' : outcome.errorType;
}

/**
 * Makes the record of `platform.initStart` (rapid core, rapid/handlers.go `sendInitStartLogEvent`).
 *
 * @param settings the function
 * @param instanceId the log stream's name
 * @param kind what kind of INIT begins
 */
export function toInitStartRecord(
  settings: FunctionSettings,
  instanceId: string,
  kind: InitKind,
): Readonly<Record<string, unknown>> {
  return { ...kind, functionArn: settings.arn, ...toInstance(settings, instanceId) };
}

/**
 * Makes the record of `platform.restoreStart`.
 *
 * @param settings the function
 * @param instanceId the log stream's name
 */
export function toRestoreStartRecord(
  settings: FunctionSettings,
  instanceId: string,
): Readonly<Record<string, unknown>> {
  return toInstance(settings, instanceId);
}

function toInstance(settings: FunctionSettings, instanceId: string): Readonly<Record<string, unknown>> {
  return {
    runtimeVersion: `nodejs:${/\d+/.exec(settings.runtime)?.[0]}.emulator`,
    runtimeVersionArn: 'none',
    functionName: settings.name,
    functionVersion: '$LATEST',
    instanceId,
    instanceMaxMemory: settings.memoryMb * 1024 * 1024,
  };
}

/**
 * Makes what is told at the end of an INIT, in the core's order: the runtime, each extension, the whole
 * (rapid/handlers.go, doRuntimeDomainInit).
 *
 * @param kind what kind of INIT it was
 * @param durationMs how long
 * @param outcome how it ended
 * @param extensions all that there are
 */
export function toInitEvents(
  kind: InitKind,
  durationMs: number,
  outcome: InitOutcome,
  extensions: readonly ExtensionInfo[],
): readonly NamedRecord[] {
  const status = outcome === 'ready' ? 'success' : outcome === 'timeout' ? 'timeout' : 'error';
  const error = outcome === 'ready' || outcome === 'timeout' ? {} : { errorType: outcome.errorType };
  return [
    ['platform.initRuntimeDone', { ...kind, status, ...error }],
    ...extensions.map(({ name, state, events }): NamedRecord => [
      'platform.extension',
      { name, state, events },
    ]),
    ['platform.initReport', { ...kind, status, metrics: { durationMs: toMs(durationMs) }, ...error }],
  ];
}

/** What the JSON log format writes of an environment that all goes well in, at the platform's level INFO. */
const INFO_EVENTS: readonly string[] = [
  'initStart',
  'initReport',
  'start',
  'report',
  'extension',
  'telemetrySubscription',
  'logsDropped',
];

/**
 * Tells whether an event is a line of the log in JSON
 * (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html, "System log level event mapping").
 *
 * @param event what happened
 */
export function isLogged({ type, record }: TelemetryEvent): boolean {
  if (INFO_EVENTS.some((name) => type === `platform.${name}`)) return true;
  return (record as { readonly status?: unknown }).status !== 'success';
}

/** How listeners are told of a trace. */
export interface Tracing {
  readonly spanId?: string;
  readonly type: 'X-Amzn-Trace-Id';
  readonly value: string;
}

/**
 * Tells of an invocation's trace.
 *
 * @param value its trace header
 */
export function toTracing(value: string): Tracing {
  const spanId = /(?:^|;)Parent=([0-9a-f]{16})/.exec(value)?.[1];
  return { ...(spanId === undefined ? {} : { spanId }), type: 'X-Amzn-Trace-Id', value };
}
