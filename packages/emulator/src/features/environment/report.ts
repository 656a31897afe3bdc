import { readFileSync } from 'node:fs';

/** What the REPORT line of one invocation says. */
export interface Report {
  readonly requestId: string;
  readonly durationMs: number;
  /** Only of the first invocation of an environment. */
  readonly initDurationMs?: number | undefined;
  /** Only of the first invocation after a restore. */
  readonly restoreDurationMs?: number | undefined;
  readonly memoryMb: number;
  readonly maxMemoryUsedMb: number | undefined;
  readonly status: 'ok' | 'error' | 'timeout' | 'crash';
  /** Of a crash. */
  readonly errorType?: string | undefined;
}

/**
 * Writes the REPORT line as the platform does. Since August 2025 INIT is billed too, so it is in the billed duration.
 *
 * @param report the figures
 */
export function toReportLine(report: Report): string {
  const billedMs = toBilledMs(report);
  const fields = [
    `REPORT RequestId: ${report.requestId}`,
    `Duration: ${report.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${billedMs} ms`,
    `Memory Size: ${report.memoryMb} MB`,
  ];
  if (report.maxMemoryUsedMb !== undefined) fields.push(`Max Memory Used: ${report.maxMemoryUsedMb} MB`);
  if (report.initDurationMs !== undefined)
    fields.push(`Init Duration: ${report.initDurationMs.toFixed(2)} ms`);
  if (report.restoreDurationMs !== undefined)
    fields.push(`Restore Duration: ${report.restoreDurationMs.toFixed(2)} ms`);
  if (report.status === 'timeout') fields.push('Status: timeout');
  if (report.status === 'crash')
    fields.push('Status: error', `Error Type: ${report.errorType ?? 'Runtime.ExitError'}`);
  return fields.join('\t');
}

function toBilledMs({ durationMs, initDurationMs = 0 }: Report): number {
  return Math.ceil(durationMs + initDurationMs);
}

/**
 * Writes the same for listeners of the Telemetry API, without what only they are told
 * (https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html, `platform.report`).
 *
 * @param report the figures
 */
export function toReportRecord(report: Report): Record<string, unknown> {
  const { requestId, status, durationMs, initDurationMs, restoreDurationMs } = report;
  const { memoryMb, maxMemoryUsedMb, errorType } = report;
  return {
    requestId,
    status: toTelemetryStatus(status),
    metrics: {
      durationMs: toMs(durationMs),
      billedDurationMs: toBilledMs(report),
      memorySizeMB: memoryMb,
      maxMemoryUsedMB: maxMemoryUsedMb ?? memoryMb,
      ...(initDurationMs === undefined ? {} : { initDurationMs: toMs(initDurationMs) }),
      ...(restoreDurationMs === undefined ? {} : { restoreDurationMs: toMs(restoreDurationMs) }),
    },
    ...(status === 'crash' && errorType !== undefined ? { errorType } : {}),
  };
}

/** An error that the function itself reported is no failure of the platform's (rapid/handlers.go, doInvoke). */
export function toTelemetryStatus(status: Report['status']): 'success' | 'timeout' | 'error' {
  if (status === 'timeout') return status;
  return status === 'crash' ? 'error' : 'success';
}

/** Milliseconds with microseconds, as the platform has them. */
export function toMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** How an INIT ended. */
export interface InitReport {
  readonly phase: 'init' | 'invoke';
  readonly durationMs: number;
  readonly outcome: 'ready' | 'timeout' | { readonly errorType: string };
}

/**
 * Writes the INIT_REPORT line, which the platform leaves out where all went well and nothing was provisioned
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, "Failures during the Init phase").
 *
 * @param report how it ended
 */
export function toInitReportLine({ phase, durationMs, outcome }: InitReport): string {
  const fields = [`INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms`, `Phase: ${phase}`];
  if (outcome === 'timeout') fields.push('Status: timeout');
  else if (outcome !== 'ready') fields.push('Status: error', `Error Type: ${outcome.errorType}`);
  return fields.join('\t');
}

/**
 * Writes the INIT_START line. On AWS the version is that of the runtime's image; there is none here.
 *
 * @param runtime the runtime's name
 */
export function toInitStartLine(runtime: string): string {
  return `INIT_START ${toVersion(runtime)}`;
}

/**
 * Writes the RESTORE_START line.
 *
 * @param runtime the runtime's name
 */
export function toRestoreStartLine(runtime: string): string {
  return `RESTORE_START ${toVersion(runtime)}`;
}

function toVersion(runtime: string): string {
  return `Runtime Version: nodejs:${/\d+/.exec(runtime)?.[0]}.emulator\tRuntime Version ARN: none`;
}

/**
 * Reads the most memory that a process has had so far.
 *
 * @param pid the process
 * @returns mebibytes; undefined where /proc is not to be had or the process is gone
 */
export function readPeakMemoryMb(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined;
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return line ? Math.ceil(Number(line[1]) / 1024) : undefined;
  } catch {
    return undefined;
  }
}
