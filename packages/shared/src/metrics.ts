import type { Attributes } from '@opentelemetry/api';
import { toJson } from './json.ts';
import type { Scope } from './tracer.ts';

/** A number that is summed up: a counter, or a histogram where it has bounds. */
export interface Instrument {
  /** By the semantic conventions. */
  readonly name: string;
  /** By UCUM: `s`, `By`, `{invocation}`. */
  readonly unit: string;
  /** The upper bounds of a histogram's buckets, each part of its bucket, in rising order. None: a counter that only goes up. */
  readonly bounds?: readonly number[];
}

/** What one series, that is one set of attributes, holds of a window of time. */
export interface MetricPoint {
  readonly attributes: Attributes;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** One more than there are bounds; the last has what is above all of them. */
  readonly buckets: readonly number[];
}

/** What an instrument has summed up in a window of time. */
export interface Metric {
  readonly instrument: Instrument;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  readonly points: readonly MetricPoint[];
  readonly scope: Scope;
}

/** Sums numbers up until they are taken; what was taken is not told again (delta temporality). */
export interface DeltaSums {
  /**
   * Adds a number to a series. Negative numbers, and what is no number, are left out.
   *
   * @param unixMs since when it has been measured, for the first window's start
   */
  add(instrument: Instrument, value: number, attributes: Attributes, unixMs: number): void;
  /** Takes what there is, and begins a new window; nothing where nothing was added. */
  take(unixMs: number): readonly Metric[];
}

type MutablePoint = { -readonly [K in keyof MetricPoint]: MetricPoint[K] } & { readonly buckets: number[] };

/** More series of one instrument than this, and the others become one: whoever can choose values could fill the memory. */
const MAX_SERIES = 200;
/** What OpenTelemetry's SDKs write on that one. */
const OVERFLOW: Attributes = { 'otel.metric.overflow': true };

/**
 * Makes sums. Their windows of time follow each other without a gap, however long the machine stands still between them; the
 * first begins with the earliest that was measured in it.
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality
 */
export function createDeltaSums(scope: Scope): DeltaSums {
  let series = new Map<Instrument, Map<string, MutablePoint>>();
  let startUnixMs: number | undefined;
  let earliestUnixMs = Infinity;
  return {
    add(instrument, value, attributes, unixMs) {
      if (!(value >= 0 && value < Infinity)) return;
      earliestUnixMs = Math.min(earliestUnixMs, unixMs);
      let points = series.get(instrument);
      if (!points) series.set(instrument, (points = new Map()));
      const point = findPoint(points, attributes);
      point.count++;
      point.sum += value;
      point.min = Math.min(point.min, value);
      point.max = Math.max(point.max, value);
      const { bounds } = instrument;
      if (!bounds) return;
      const above = bounds.findIndex((bound) => value <= bound);
      const bucket = above < 0 ? bounds.length : above;
      point.buckets[bucket] = (point.buckets[bucket] ?? 0) + 1;
    },
    take(unixMs) {
      if (series.size === 0) return [];
      // Where the clock has been set back, no window ends before it begins.
      const start = Math.min(startUnixMs ?? earliestUnixMs, unixMs);
      const metrics = Array.from(series, ([instrument, points]) => ({
        instrument,
        startUnixMs: start,
        endUnixMs: unixMs,
        points: Array.from(points.values(), (point) => ({
          ...point,
          buckets: Array.from(
            { length: (instrument.bounds ?? []).length + 1 },
            (_, i) => point.buckets[i] ?? 0,
          ),
        })),
        scope,
      }));
      series = new Map();
      startUnixMs = unixMs;
      return metrics;
    },
  };
}

function findPoint(points: Map<string, MutablePoint>, attributes: Attributes): MutablePoint {
  let key = toJson(attributes);
  const isOverflow = points.size >= MAX_SERIES && !points.has(key);
  if (isOverflow) key = '';
  let point = points.get(key);
  if (!point) {
    const own = isOverflow ? OVERFLOW : attributes;
    point = { attributes: own, count: 0, sum: 0, min: Infinity, max: 0, buckets: [] };
    points.set(key, point);
  }
  return point;
}
