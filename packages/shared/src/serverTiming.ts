import type { SpanContext } from '@opentelemetry/api';
import { parseTraceparent, toTraceparent } from './traceContext.ts';

/** One entry of a `Server-Timing` header; absent parameters are `undefined`. */
export interface ServerTimingMetric {
  readonly name: string;
  readonly durationMs?: number | undefined;
  readonly description?: string | undefined;
}

/** What a function tells the page about the invocation that answered it. All durations are milliseconds, ≥ 0. */
export interface InvocationTiming {
  /** The invocation span. */
  readonly context?: SpanContext | undefined;
  /** How long the caller waited for the environment's init; only when this invocation was cold. */
  readonly coldStartMs?: number | undefined;
  /** How long the environment's init took, whether or not a caller waited; only on its first invocation. */
  readonly initMs?: number | undefined;
  /** How long the handler ran. */
  readonly handlerMs?: number | undefined;
}

const TOKEN = /[!#$%&'*+\-.^_`|~\w]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
/** A header longer than this is not read past it. */
const MAX_HEADER_LENGTH = 8192;
const MAX_METRICS = 64;

/**
 * Reads a `Server-Timing` header as browsers do: names and parameters are tokens, values are tokens or quoted strings,
 * the first of a repeated parameter counts, and what cannot be read up to the next comma is skipped.
 *
 * @param header the header's value, several headers joined with commas
 * @returns at most 64 metrics, in order
 * @see https://www.w3.org/TR/server-timing/#the-server-timing-header-field
 */
export function parseServerTiming(header: string | null | undefined): ServerTimingMetric[] {
  const text = (header ?? '').slice(0, MAX_HEADER_LENGTH);
  const metrics: ServerTimingMetric[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const blanks = (): void => void take(/[ \t]*/y);
  while (at < text.length && metrics.length < MAX_METRICS) {
    blanks();
    const name = take(TOKEN)?.[0];
    const parameters = new Map<string, string>();
    for (blanks(); name && text[at] === ';'; blanks()) {
      at++;
      blanks();
      const parameter = take(TOKEN)?.[0].toLowerCase();
      blanks();
      let value = '';
      if (text[at] === '=') {
        at++;
        blanks();
        value = take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1') ?? take(TOKEN)?.[0] ?? '';
      }
      // Whatever follows the value, up to the next parameter or metric, is not ours to understand.
      take(/[^;,]*/y);
      if (parameter && !parameters.has(parameter)) parameters.set(parameter, value);
    }
    if (name) metrics.push(toMetric(name, parameters));
    take(/[^,]*,?/y);
  }
  return metrics;
}

function toMetric(name: string, parameters: ReadonlyMap<string, string>): ServerTimingMetric {
  const duration = parameters.get('dur');
  const durationMs = duration === undefined ? undefined : parseFloat(duration);
  return {
    name,
    ...(durationMs !== undefined && { durationMs: Number.isFinite(durationMs) ? durationMs : 0 }),
    ...(parameters.has('desc') && { description: parameters.get('desc')! }),
  };
}

/**
 * Writes what a function tells the page, as a `Server-Timing` value: the invocation span under both names in use
 * (`traceparent`, quoted, and the W3C draft's `trace`), then `coldstart`, `init` and `handler` where known.
 *
 * @returns the header's value; empty when there is nothing to say
 * @see https://w3c.github.io/trace-context/#trace-context-server-timing
 */
export function toServerTiming(timing: InvocationTiming): string {
  const parts: string[] = [];
  if (timing.context) {
    const traceparent = toTraceparent(timing.context);
    parts.push(`traceparent;desc="${traceparent}"`, `trace;desc=${traceparent}`);
  }
  const add = (name: string, durationMs: number | undefined): void => {
    if (durationMs !== undefined) parts.push(`${name};dur=${Math.round(durationMs * 1000) / 1000}`);
  };
  add('coldstart', timing.coldStartMs);
  add('init', timing.initMs);
  add('handler', timing.handlerMs);
  return parts.join(', ');
}

/**
 * Finds what a function told the page among `Server-Timing` metrics, of a header or of resource timing.
 *
 * @param metrics name, duration and description as `parseServerTiming` gives them; names are compared without case
 */
export function toInvocationTiming(metrics: readonly ServerTimingMetric[]): InvocationTiming {
  const find = (name: string): ServerTimingMetric | undefined =>
    metrics.find((metric) => metric.name.toLowerCase() === name);
  return {
    context:
      parseTraceparent(find('traceparent')?.description) ?? parseTraceparent(find('trace')?.description),
    coldStartMs: find('coldstart')?.durationMs,
    initMs: find('init')?.durationMs,
    handlerMs: find('handler')?.durationMs,
  };
}
