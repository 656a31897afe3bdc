import { readFileSync } from 'node:fs';

/** What the REPORT line of one invocation says. */
export interface Report {
  readonly requestId: string;
  readonly durationMs: number;
  /** Only of the first invocation of an environment. */
  readonly initDurationMs?: number | undefined;
  readonly memoryMb: number;
  readonly maxMemoryUsedMb: number | undefined;
  readonly status: 'ok' | 'error' | 'timeout' | 'crash';
}

/**
 * Writes the REPORT line as the platform does. Since August 2025 INIT is billed too, so it is in the billed duration.
 *
 * @param report the figures
 */
export function toReportLine(report: Report): string {
  const billedMs = Math.ceil(report.durationMs + (report.initDurationMs ?? 0));
  const fields = [
    `REPORT RequestId: ${report.requestId}`,
    `Duration: ${report.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${billedMs} ms`,
    `Memory Size: ${report.memoryMb} MB`,
  ];
  if (report.maxMemoryUsedMb !== undefined) fields.push(`Max Memory Used: ${report.maxMemoryUsedMb} MB`);
  if (report.initDurationMs !== undefined)
    fields.push(`Init Duration: ${report.initDurationMs.toFixed(2)} ms`);
  if (report.status === 'timeout') fields.push('Status: timeout');
  if (report.status === 'crash') fields.push('Status: error', 'Error Type: Runtime.ExitError');
  return fields.join('\t');
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
