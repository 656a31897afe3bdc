import { describe, expect, it } from 'vitest';
import { createGuard } from '../../platform/guard.ts';
import type { SignalExporter } from '../../model/signalExporter.ts';
import type { Outcome } from '../../model/outcome.ts';
import { createInvocationMetrics } from './invocationMetrics.ts';
import { createMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';

const OUTCOME: Outcome = {
  attributes: { 'faas.trigger': 'http', 'faas.coldstart': false },
  startUnixMs: 1000,
  endUnixMs: 1250,
  errorType: undefined,
  timedOut: false,
};

interface Fake {
  readonly metrics: Metrics;
  readonly exporter: SignalExporter;
  readonly events: string[];
  cpuSeconds: number;
}

function start(change: { load?: () => never; threadId?: number } = {}): Fake {
  const events: string[] = [];
  const metrics = createMetrics({
    load: () => {
      events.push('load');
      change.load?.();
      return createInvocationMetrics({
        scope: { name: 's', version: '' },
        now: () => 2000,
        cpuSeconds: () => fake.cpuSeconds,
        peakMemoryBytes: () => 100 * 1_048_576,
        threadId: change.threadId,
      });
    },
    guard: createGuard((message) => events.push(message)),
    cpuSeconds: () => fake.cpuSeconds,
  });
  const fake: Fake = {
    metrics,
    events,
    cpuSeconds: 0,
    exporter: metrics.toExporter({
      name: 'metrics',
      restore: () => {},
      unsent: () => {
        events.push('unsent');
        return [];
      },
      flush: async () => void events.push('flush'),
    }),
  };
  return fake;
}

interface Told {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly { readonly attributes: unknown; readonly asInt: string }[] };
  readonly histogram?: {
    readonly dataPoints: readonly {
      readonly attributes: unknown;
      readonly count: string;
      readonly sum: number;
    }[];
  };
}

/** What is told, by metric: the amount, or of a histogram how many with which sum. */
function tell({ metrics, exporter }: Fake): Record<string, unknown> {
  void exporter.flush({ remainingMs: NaN, holds: true, overlaps: false });
  const told = metrics.signal.collect!().map(({ json }) => JSON.parse(json) as Told);
  return Object.fromEntries(
    told.map(({ name, sum, histogram }) => [
      name,
      sum
        ? sum.dataPoints.map(({ asInt }) => Number(asInt))
        : histogram!.dataPoints.map((point) => [Number(point.count), point.sum]),
    ]),
  );
}

describe('the metrics of invocations', () => {
  it('are counted once the response has left, and nothing is loaded before', () => {
    const fake = start();
    const settled = fake.metrics.watch();
    fake.cpuSeconds = 0.5;
    settled(OUTCOME);
    expect(fake.events).toEqual([]);
    expect(fake.metrics.signal.collect!()).toEqual([]);
    expect(tell(fake)).toEqual({
      'faas.invocations': [1],
      'faas.invoke_duration': [[1, 0.25]],
      'faas.cpu_usage': [[1, 0.5]],
      'faas.mem_usage': [[1, 104_857_600]],
    });
    expect(fake.events).toEqual(['load', 'flush']);
    expect(tell(fake)).toEqual({});
  });

  it('are counted before the process ends', () => {
    const fake = start();
    fake.metrics.watch()(OUTCOME);
    fake.exporter.unsent();
    expect(fake.events).toEqual(['load', 'unsent']);
    expect(tell(fake)['faas.invocations']).toEqual([1]);
  });

  it('count errors by their type, timeouts among them, and cold starts with their init', () => {
    const fake = start();
    const attributes = {
      'faas.trigger': 'http',
      'faas.coldstart': true,
      'clickspan.init_ms': 80,
      'clickspan.init.type': 'on-demand',
    };
    fake.metrics.watch()({ ...OUTCOME, attributes, errorType: 'RangeError' });
    for (let i = 0; i < 2; i++) fake.metrics.watch()({ ...OUTCOME, errorType: 'timeout', timedOut: true });
    const told = tell(fake);
    expect(told['faas.invocations']).toBeUndefined();
    expect(told['faas.errors']).toEqual([1, 2]);
    expect(told['faas.timeouts']).toEqual([2]);
    expect(told['faas.coldstarts']).toEqual([1]);
    expect(told['faas.init_duration']).toEqual([[1, 0.08]]);
  });

  it('tell of one that has died what is known of it', () => {
    const fake = start();
    const dead = { ...OUTCOME, errorType: 'Runtime.OutOfMemory' };
    fake.metrics.addDead(dead, 7);
    expect(tell(fake)).toMatchObject({ 'faas.errors': [1], 'faas.mem_usage': [[1, 7]] });
    fake.metrics.addDead(dead, 0);
    expect(Object.keys(tell(fake)).sort()).toEqual(['faas.errors', 'faas.invoke_duration']);
  });

  it('are told apart by thread where there are several', () => {
    const fake = start({ threadId: 3 });
    fake.metrics.watch()(OUTCOME);
    void fake.exporter.flush({ remainingMs: NaN, holds: true, overlaps: false });
    for (const { json } of fake.metrics.signal.collect!())
      expect(json).toContain('{"key":"thread.id","value":{"intValue":"3"}}');
  });

  it('stop nothing where they cannot be loaded', () => {
    const fake = start({
      load: () => {
        throw new Error('no such file');
      },
    });
    fake.metrics.watch()(OUTCOME);
    expect(tell(fake)).toEqual({});
    expect(fake.events).toEqual(['load', expect.stringContaining('no such file'), 'flush']);
  });
});
