import type { SpanContext } from '@opentelemetry/api';
import { parseTraceparent, toTraceparent } from './traceContext.ts';

/** One entry of a `Server-Timing` header, in the words of `PerformanceServerTiming`; absent parameters are `undefined`. */
export interface ServerTimingMetric {
  readonly name: string;
  /** In ms. */
  readonly duration?: number | undefined;
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

/** Behind a comma a metric's name, behind a semicolon one of its parameters; what follows is skipped up to the next. */
const PART =
  /([;,])[ \t]*([\w!#-'*+.^`|~-]*)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([\w!#-'*+.^`|~-]*)))?[^;,]*/g;
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
export function parseServerTiming(header: string): ServerTimingMetric[] {
  const metrics: ServerTimingMetric[] = [];
  let metric: { -readonly [key in keyof ServerTimingMetric]: ServerTimingMetric[key] } | undefined;
  const text = `,${header.slice(0, MAX_HEADER_LENGTH)}`;
  for (let part; (part = PART.exec(text)) !== null;) {
    const [, separator, name = '', quoted, token = ''] = part;
    const value = quoted?.replace(/\\(.)/g, '$1') ?? token;
    if (separator === ',') {
      metric = name ? { name } : undefined;
      if (metric) metrics.push(metric);
    } else if (metric && name.toLowerCase() === 'dur') {
      const duration = parseFloat(value);
      metric.duration ??= Number.isFinite(duration) ? duration : 0;
    } else if (metric && name.toLowerCase() === 'desc') metric.description ??= value;
  }
  return metrics.slice(0, MAX_METRICS);
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
 * @param metrics names are compared without case
 */
export function toInvocationTiming(metrics: readonly ServerTimingMetric[] = []): InvocationTiming {
  const find = (wanted: string): ServerTimingMetric | undefined =>
    metrics.find(({ name }) => name.toLowerCase() === wanted);
  return {
    context:
      parseTraceparent(find('traceparent')?.description) ?? parseTraceparent(find('trace')?.description),
    coldStartMs: find('coldstart')?.duration,
    initMs: find('init')?.duration,
    handlerMs: find('handler')?.duration,
  };
}
