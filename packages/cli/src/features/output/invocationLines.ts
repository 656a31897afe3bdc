import type { LogEvent } from '@clickspan/emulator';
import type { Style } from './style.ts';

/** What the REPORT line of the platform tells people. */
interface Reported {
  readonly durationMs: number;
  readonly initMs: number | undefined;
  readonly problem: string | undefined;
}

/** Lines of the platform that say nothing more than REPORT does. */
const NOISE = /^(START|END|INIT_START|INIT_REPORT|EXTENSION)\b/;
/** What the runtime client puts before each line of `console.log`: time, request id, level. */
const CLIENT_PREFIX = /^\d{4}-\d\d-\d\dT[\d:.]+Z\t\S*\t([A-Z]+)\t/;

/**
 * Turns a line of functions and platform into one for people: one line for each invocation, those that the function
 * wrote as they are.
 *
 * @param event the line
 * @param style how to set it off
 * @returns the line to print; undefined for what people need not see
 */
export function toInvocationLine(event: LogEvent, style: Style): string | undefined {
  const name = event.functionName.padEnd(10);
  if (event.source !== 'platform') {
    const level = CLIENT_PREFIX.exec(event.line)?.[1];
    const text = event.line.replace(CLIENT_PREFIX, '');
    return `  ${style.dim(`${name}│`)} ${level === 'ERROR' || event.source === 'stderr' ? style.bad(text) : style.dim(text)}`;
  }
  const reported = parseReport(event.line);
  if (!reported) return NOISE.test(event.line) ? undefined : `  ${style.warm(name)}  ${event.line}`;
  const { durationMs, initMs, problem } = reported;
  const parts = [`${durationMs.toFixed(0).padStart(6)} ms`];
  if (initMs !== undefined) parts.push(style.warm(`cold start, init ${initMs.toFixed(0)} ms`));
  if (problem !== undefined) parts.push(style.bad(problem));
  return `  ${style.bold(name)}${parts.join('   ')}`;
}

function parseReport(line: string): Reported | undefined {
  if (!line.startsWith('REPORT ')) return undefined;
  const duration = /\tDuration: ([\d.]+) ms/.exec(line)?.[1];
  if (duration === undefined) return undefined;
  const init = /\tInit Duration: ([\d.]+) ms/.exec(line)?.[1];
  const status = /\tStatus: (\w+)/.exec(line)?.[1];
  const type = /\tError Type: (\S+)/.exec(line)?.[1];
  return {
    durationMs: Number(duration),
    initMs: init === undefined ? undefined : Number(init),
    problem: status === undefined ? undefined : [status, type].filter(Boolean).join(': '),
  };
}
