import { spanOf } from '@clickspan/shared/context';
import type { Context } from '@opentelemetry/api';
import type { ActiveContext } from '../../platform/activeContext.ts';
import type { Guard } from '../../platform/guard.ts';
import type { OutputObserver, StreamName } from '../../platform/output.ts';
import { toErrorSnapshot } from './errorSnapshot.ts';
import type { NativeTypes } from './errorSnapshot.ts';
import type { LogLine } from './logLine.ts';
import { SEVERITY_ERROR, mayBeError, toSeverity } from './severity.ts';

/** What of a function's output is taken. */
export type LogLevel = 'errors' | 'all';

/** What capturing needs. */
export interface CaptureEnvironment {
  readonly level: LogLevel;
  readonly contexts: ActiveContext;
  /** Unix ms with fractions. */
  readonly now: () => number;
  readonly guard: Guard;
  readonly types: NativeTypes;
  /** Invocations run at once in this process: what belongs to none by its context belongs to none. */
  readonly concurrent: boolean;
  /** How many lines of one invocation are taken. */
  readonly maxPerInvocation: number;
  /** Takes one of what a second has room for; says whether there was one. */
  readonly takeOne: () => boolean;
  /** The same for errors, which must not go short for others. */
  readonly takeError: () => boolean;
  readonly add: (line: LogLine) => void;
  readonly countDropped: () => void;
}

/** Takes what a function logs, within and between invocations. */
export interface LogCapture extends OutputObserver {
  /** Gives the context in which an invocation's handler is to run. */
  readonly enter: (context: Context, requestId: string) => Context;
  /** The response of an invocation has left. */
  readonly leave: (context: Context) => void;
}

/** Longer lines are cut: what is recorded of them is shorter, but JSON can be read only where it is whole. */
const MAX_LENGTH = 65_536;

/** What is known of the invocation that a context belongs to. */
interface Invocation {
  readonly requestId: string;
  lines: number;
}

const INVOCATION: symbol = Symbol('clickspan.logs');

/**
 * Makes the capture. On the caller's path it copies: texts are taken apart when the response has left.
 *
 * Each line belongs to the span that is current where it was written. Where that is lost, as in callbacks of a connection
 * that is shared by invocations, it belongs to the invocation under way, if there can be one only.
 */
export function createLogCapture(environment: CaptureEnvironment): LogCapture {
  const { level, contexts, now, guard, types, concurrent } = environment;
  let latest: Context | undefined;

  const take = (line: Omit<LogLine, 'unixMs' | 'spanContext' | 'requestId'>, isError: boolean): void => {
    const active = contexts.active();
    const context = active.getValue(INVOCATION) ? active : (latest ?? active);
    const invocation = context.getValue(INVOCATION) as Invocation | undefined;
    const isFull = !isError && invocation !== undefined && invocation.lines >= environment.maxPerInvocation;
    if (isFull || !(isError ? environment.takeError() : environment.takeOne())) {
      environment.countDropped();
      return;
    }
    if (invocation) invocation.lines++;
    environment.add({
      ...line,
      unixMs: now(),
      spanContext: spanOf(active)?.spanContext() ?? spanOf(context)?.spanContext(),
      requestId: invocation?.requestId,
    });
  };

  return {
    enter(context, requestId) {
      const entered = context.setValue(INVOCATION, { requestId, lines: 0 } satisfies Invocation);
      if (!concurrent) latest = entered;
      return entered;
    },
    leave(context) {
      if (latest === context) latest = undefined;
    },
    logged(method, written, args) {
      guard(() => {
        const severity = toSeverity(method)!;
        const isError = severity >= SEVERITY_ERROR;
        const text = toText(written);
        // `console.log` may have been given the line of a logger.
        if (!isError && level === 'errors' && !(text.includes('{') && mayBeError(text))) return;
        take({ text, severity, stream: undefined, error: toErrorSnapshot(args, types) }, isError);
      });
    },
    wrote(stream: StreamName, chunk) {
      guard(() => {
        const text = toText(chunk);
        for (const line of split(text)) {
          const isError = line.startsWith('{') && mayBeError(line);
          if (line && (isError || level === 'all'))
            take({ text: line, severity: undefined, stream, error: undefined }, isError);
        }
      });
    },
  };
}

/**
 * Several objects of JSON may come at once: those of loggers have a line each; where objects are spread over lines for
 * people, each begins at the beginning of one. Any other text is one record, however many lines it has.
 */
function split(text: string): string[] {
  if (!text.startsWith('{')) return [text];
  return text.split(/^\{[^\n]*\}\s*\n/.test(text) ? '\n' : /\n(?=\{)/);
}

/** A copy of what was written, as text, cut where it is long. */
function toText(chunk: unknown): string {
  if (typeof chunk === 'string')
    // A slice would keep all of a long text in memory.
    return chunk.length > MAX_LENGTH ? Buffer.from(chunk.slice(0, MAX_LENGTH)).toString() : chunk;
  const { buffer, byteOffset, byteLength } = chunk as Uint8Array;
  return Buffer.from(buffer, byteOffset, Math.min(byteLength, MAX_LENGTH)).toString();
}
