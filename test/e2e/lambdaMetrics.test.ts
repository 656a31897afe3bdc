import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFakeCollector } from '../support/collector.ts';
import type { FakeCollector } from '../support/collector.ts';
import { startStage, until } from '../support/lambdaFixture.ts';
import type { Stage, StageFunction } from '../support/lambdaFixture.ts';
import { isInvocation, withLayer } from '../support/layer.ts';

const SOURCE = `
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const ends = {
    throw: () => { throw new RangeError('no'); },
    unavailable: () => ({ statusCode: 503 }),
    hang: () => wait(60_000),
    exit: () => process.exit(7),
    kill: async () => { await wait(20); process.kill(process.pid, 'SIGKILL'); await wait(1000); },
    slow: async () => { await wait(120); return 'well'; },
    busy: () => { for (const end = Date.now() + 80; Date.now() < end;); return 'well'; },
  };
  export const handler = async (event) => ends[event?.how ?? event?.rawPath?.slice(1)]?.() ?? 'well';`;

const OFF = { OTEL_TRACES_SAMPLER: 'always_off', OTEL_METRICS_EXPORTER: 'otlp' };

let collector: FakeCollector;
let stage: Stage;
beforeAll(async () => {
  collector = await startFakeCollector();
  const environments: Record<string, StageFunction['environment']> = {
    off: OFF,
    outage: OFF,
    on: { OTEL_METRICS_EXPORTER: 'otlp' },
    unasked: {},
    provisioned: OFF,
  };
  stage = await startStage(
    Object.entries(environments).map(([name, environment]) =>
      withLayer(
        {
          name,
          source: SOURCE,
          timeoutMs: 1000,
          environment,
          ...(name === 'provisioned' && { provisionedConcurrency: 1 }),
        },
        collector.url,
      ),
    ),
    { functionUrls: [{ function: 'off' }] },
  );
});
afterAll(async () => {
  await stage.stop();
  await collector.stop();
});
beforeEach(() => {
  collector.behave('ok');
  collector.clear();
});

const rests = (name: string): Promise<void> =>
  until('the environment rests', () => {
    const [environment] = stage.environments(name);
    // One that was reset is not frozen.
    return environment!.frozen || environment!.state === 'idle';
  });
const invoke = async (name: string, how: string): Promise<void> => {
  await stage.emulator.invoke(name, { how });
  await rests(name);
};
const named = (metric: string): FakeCollector['points'] =>
  collector.points.filter(({ name }) => name === metric);
const total = (metric: string, attributes: Record<string, unknown> = {}): number =>
  named(metric)
    .filter((point) => Object.entries(attributes).every(([key, value]) => point.attributes[key] === value))
    .reduce((sum, point) => sum + (point.histogram?.count ?? point.sum), 0);

describe('the metrics of a function', () => {
  it('are exact where no trace is recorded, whatever becomes of the invocations', async () => {
    // The environment begins, and is begun again after each death.
    const course = [
      'well',
      'throw',
      'exit',
      'kill',
      'kill',
      'well',
      'hang',
      ...Array.from({ length: 40 }, () => 'well'),
    ];
    for (const how of course) await invoke('off', how);
    for (const path of ['unavailable', 'well', 'throw']) {
      await fetch(`${stage.emulator.functionUrls['off']}/${path}`);
      await rests('off');
    }
    expect(collector.spans).toEqual([]);
    expect(total('faas.invocations')).toBe(43);
    expect(total('faas.invocations', { 'faas.trigger': 'http' })).toBe(1);
    expect(total('faas.errors')).toBe(7);
    expect(total('faas.errors', { 'error.type': 'RangeError', 'faas.trigger': 'other' })).toBe(1);
    expect(total('faas.errors', { 'error.type': 'RangeError', 'faas.trigger': 'http' })).toBe(1);
    expect(total('faas.errors', { 'error.type': '503' })).toBe(1);
    expect(total('faas.errors', { 'error.type': 'timeout' })).toBe(1);
    expect(total('faas.errors', { 'error.type': 'Runtime.ExitError' })).toBe(3);
    expect(total('faas.timeouts')).toBe(1);
    for (const metric of ['faas.coldstarts', 'faas.init_duration']) expect(total(metric), metric).toBe(5);
    expect(total('faas.invoke_duration')).toBe(50);
    // Nobody knows what those have used that were killed so soon.
    for (const metric of ['faas.cpu_usage', 'faas.mem_usage']) expect(total(metric), metric).toBe(48);
  }, 60_000);

  it('have windows that follow each other in each environment, and values in the buckets of their own', async () => {
    for (const how of ['slow', 'busy', 'well']) await invoke('on', how);
    for (const { temporality, startUnixMs, endUnixMs, histogram, resource } of collector.points) {
      expect(temporality).toBe(1);
      expect(endUnixMs).toBeGreaterThanOrEqual(startUnixMs);
      expect(resource['faas.name']).toBe('on');
      if (!histogram) continue;
      expect(histogram.buckets.reduce((sum, count) => sum + count)).toBe(histogram.count);
      expect(histogram.buckets).toHaveLength(histogram.bounds.length + 1);
    }
    const [slow, busy, well] = named('faas.invoke_duration');
    expect([busy!.startUnixMs, well!.startUnixMs]).toEqual([slow!.endUnixMs, busy!.endUnixMs]);
    expect(slow!.startUnixMs).toBeLessThan(slow!.endUnixMs - 120);
    expect(slow!.sum).toBeGreaterThan(0.119);
    expect(slow!.histogram!.buckets[slow!.histogram!.bounds.indexOf(0.25)]).toBe(1);
    const cpu = named('faas.cpu_usage');
    expect(cpu[1]!.sum).toBeGreaterThan(0.05);
    expect(cpu[2]!.sum).toBeLessThan(0.05);
    const memory = named('faas.mem_usage').map(({ sum }) => sum / 1_048_576);
    expect(Math.min(...memory)).toBeGreaterThan(20);
    expect(Math.max(...memory)).toBeLessThan(300);
    // As the spans tell it.
    expect(total('faas.invocations')).toBe(collector.spans.filter(isInvocation()).length);
    expect(slow!.sum).toBeCloseTo(
      (collector.spans.find(isInvocation())!.endUnixMs - collector.spans.find(isInvocation())!.startUnixMs) /
        1000,
      5,
    );
  });

  it('lose and double nothing in an outage', async () => {
    await invoke('outage', 'well');
    for (const mode of ['unavailable', 'broken', 'unavailable'] as const) {
      collector.behave(mode);
      await invoke('outage', 'well');
      await invoke('outage', 'throw');
    }
    collector.behave('ok');
    await until('all has come', async () => {
      await invoke('outage', 'well');
      return total('faas.errors') === 3;
    });
    const calls = collector.requests.filter(({ path }) => path === '/v1/metrics').length;
    const expected = collector.points.length;
    expect(calls).toBeGreaterThan(4);
    expect(new Set(collector.points.map((point) => JSON.stringify(point))).size).toBe(expected);
    expect(total('faas.invoke_duration')).toBe(total('faas.invocations') + total('faas.errors'));
    expect(total('faas.cpu_usage')).toBe(total('faas.invoke_duration'));
    expect(total('faas.coldstarts')).toBe(1);
    const windows = named('faas.invoke_duration').map(({ startUnixMs, endUnixMs }) => [
      startUnixMs,
      endUnixMs,
    ]);
    windows.sort((a, b) => a[0]! - b[0]!);
    for (const [i, window] of windows.slice(1).entries()) expect(window[0]).toBe(windows[i]![1]);
  });

  it('go out together with the spans, so that the tail is no longer', async () => {
    await invoke('on', 'well');
    collector.clear();
    collector.behave('slow', 90);
    await invoke('on', 'well');
    const times = new Map(collector.requests.map(({ path, startUnixMs }) => [path, startUnixMs]));
    expect([...times.keys()].sort()).toEqual(['/v1/metrics', '/v1/traces']);
    expect(Math.abs(times.get('/v1/metrics')! - times.get('/v1/traces')!)).toBeLessThan(90);
  });

  it('hurt nothing where the collector takes none, and say so once', async () => {
    collector.behave('no-metrics');
    for (let i = 0; i < 4; i++) await invoke('on', 'well');
    expect(collector.spans.filter(isInvocation())).toHaveLength(4);
    expect(collector.requests.filter(({ path }) => path === '/v1/metrics')).toHaveLength(1);
    expect(stage.log.filter((line) => line.includes('takes no metrics (it answered 404)'))).toHaveLength(1);
  });

  it('are not sent unless asked for', async () => {
    await invoke('unasked', 'well');
    expect(collector.requests.map(({ path }) => path)).toEqual(['/v1/traces']);
  });

  it('tell of an environment that was made ahead of demand, for which nobody has waited', async () => {
    await invoke('provisioned', 'well');
    expect([total('faas.invocations'), total('faas.coldstarts')]).toEqual([1, 0]);
    expect(total('faas.init_duration', { 'clickspan.init.type': 'provisioned-concurrency' })).toBe(1);
  });
});
