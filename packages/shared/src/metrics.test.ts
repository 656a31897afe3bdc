import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDeltaSums } from './metrics.ts';
import type { Instrument } from './metrics.ts';
import { encodeMetric, encodeMetrics, encodeResource } from './otlp.ts';

const SCOPE = { name: 's', version: '1' };
const COUNTER: Instrument = { name: 'calls', unit: '{call}' };
const HISTOGRAM: Instrument = { name: 'time', unit: 's', bounds: [1, 2, 5] };

describe('delta sums', () => {
  it('sum each series up, and tell nothing twice', () => {
    const sums = createDeltaSums(SCOPE);
    sums.add(COUNTER, 1, { a: 'x' }, 10);
    sums.add(COUNTER, 2, { a: 'y' }, 11);
    sums.add(COUNTER, 3, { a: 'x' }, 12);
    const [metric, ...more] = sums.take(20);
    expect(more).toEqual([]);
    expect(metric!.points.map(({ attributes, sum }) => [attributes, sum])).toEqual([
      [{ a: 'x' }, 4],
      [{ a: 'y' }, 2],
    ]);
    expect(sums.take(30)).toEqual([]);
  });

  it('put a value into the bucket whose upper bound it does not exceed', () => {
    const sums = createDeltaSums(SCOPE);
    for (const value of [0, 1, 1.5, 2, 5, 5.1, 100]) sums.add(HISTOGRAM, value, {}, 0);
    expect(sums.take(1)[0]!.points).toEqual([
      { attributes: {}, count: 7, sum: 114.6, min: 0, max: 100, buckets: [2, 2, 1, 2] },
    ]);
  });

  it('have windows that follow each other, from the earliest measured on', () => {
    const sums = createDeltaSums(SCOPE);
    const windowOf = (unixMs: number): unknown => {
      const [metric] = sums.take(unixMs);
      return [metric!.startUnixMs, metric!.endUnixMs];
    };
    sums.add(COUNTER, 1, {}, 15);
    sums.add(COUNTER, 1, {}, 12);
    expect(windowOf(20)).toEqual([12, 20]);
    sums.take(30);
    sums.add(COUNTER, 1, {}, 3_600_000);
    expect(windowOf(3_600_100)).toEqual([20, 3_600_100]);
    sums.add(COUNTER, 1, {}, 500);
    expect(windowOf(1000)).toEqual([1000, 1000]);
  });

  it('leave out what is no amount', () => {
    const sums = createDeltaSums(SCOPE);
    for (const value of [NaN, -1, Infinity]) sums.add(HISTOGRAM, value, {}, 0);
    expect(sums.take(1)).toEqual([]);
  });

  it('lose nothing where there are more series than they keep apart', () => {
    const sums = createDeltaSums(SCOPE);
    for (let i = 0; i < 1000; i++) sums.add(COUNTER, 1, { a: String(i) }, 0);
    sums.add(COUNTER, 1, { a: '7' }, 0);
    const { points } = sums.take(1)[0]!;
    expect(points).toHaveLength(201);
    expect(points.reduce((total, { sum }) => total + sum, 0)).toBe(1001);
    expect(points.find(({ attributes }) => attributes['a'] === '7')!.sum).toBe(2);
    expect(points.at(-1)!.attributes).toEqual({ 'otel.metric.overflow': true });
  });

  it('count every value once, in one bucket', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 10, noNaN: true })),
        fc.array(fc.boolean()),
        (values, cuts) => {
          const sums = createDeltaSums(SCOPE);
          let [count, inBuckets] = [0, 0];
          const take = (): void => {
            for (const { points } of sums.take(1))
              for (const point of points) {
                count += point.count;
                for (const bucket of point.buckets) inBuckets += bucket;
              }
          };
          values.forEach((value, i) => {
            sums.add(HISTOGRAM, value, { even: i % 2 === 0 }, 0);
            if (cuts[i]) take();
          });
          take();
          expect([count, inBuckets]).toEqual([values.length, values.length]);
        },
      ),
    );
  });
});

describe('a metric as OTLP/JSON', () => {
  const encode = (instrument: Instrument, ...values: number[]): unknown => {
    const sums = createDeltaSums(SCOPE);
    for (const value of values) sums.add(instrument, value, { 'faas.trigger': 'http' }, 1_700_000_000_000.5);
    const record = encodeMetric(sums.take(1_700_000_001_000)[0]!);
    expect(JSON.parse(encodeMetrics(encodeResource({ 'service.name': 'f' }), [record]))).toEqual({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'f' } }] },
          scopeMetrics: [{ scope: SCOPE, metrics: [JSON.parse(record.json)] }],
        },
      ],
    });
    return JSON.parse(record.json);
  };
  const point = {
    attributes: [{ key: 'faas.trigger', value: { stringValue: 'http' } }],
    startTimeUnixNano: '1700000000000500000',
    timeUnixNano: '1700000001000000000',
  };

  it('is a monotonic delta sum for a counter', () => {
    expect(encode(COUNTER, 1, 1)).toEqual({
      name: 'calls',
      unit: '{call}',
      sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...point, asInt: '2' }] },
    });
    expect(encode(COUNTER, 0.5)).toMatchObject({ sum: { dataPoints: [{ ...point, asDouble: 0.5 }] } });
  });

  it('is a delta histogram where there are bounds', () => {
    expect(encode(HISTOGRAM, 0.25, 3)).toEqual({
      name: 'time',
      unit: 's',
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          {
            ...point,
            count: '2',
            sum: 3.25,
            min: 0.25,
            max: 3,
            bucketCounts: ['1', '0', '1', '0'],
            explicitBounds: [1, 2, 5],
          },
        ],
      },
    });
  });
});
