import type { EncodedRecord } from '@clickspan/shared/otlp';
import { describe, expect, it } from 'vitest';
import { createExporters } from './exporters.ts';
import type { SignalExporter } from '../../model/signalExporter.ts';
import type { SignalName } from '../../model/signal.ts';

const record = (name: string): EncodedRecord => ({ scope: { name: 's', version: '' }, json: `"${name}"` });

interface Fake extends SignalExporter {
  readonly records: EncodedRecord[];
  flushes: number;
  answer: () => void;
}

function fakeExporter(name: SignalName): Fake {
  const fake: Fake = {
    name,
    records: [],
    flushes: 0,
    answer: () => {},
    restore: (records) => fake.records.push(...records),
    unsent: () => fake.records,
    flush: () => {
      fake.flushes++;
      return new Promise((resolve) => {
        fake.answer = resolve;
      });
    },
  };
  return fake;
}

describe('exporters', () => {
  it('send at the same time, and wait for all', async () => {
    const [traces, logs] = [fakeExporter('traces'), fakeExporter('logs')];
    const exporters = createExporters();
    exporters.add(traces);
    exporters.add(logs);
    let done = false;
    const flushed = exporters.flush({ remainingMs: 3000, holds: true, overlaps: false }).then(() => {
      done = true;
    });
    expect([traces.flushes, logs.flushes]).toEqual([1, 1]);
    logs.answer();
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    traces.answer();
    await flushed;
  });

  it('get what a process before has left of their signal, whenever they come', () => {
    const [traces, metrics] = [fakeExporter('traces'), fakeExporter('metrics')];
    const exporters = createExporters();
    exporters.add(traces);
    exporters.restore({ traces: [record('a')], metrics: [record('b')] });
    expect(exporters.unsent()).toEqual({ traces: [record('a')], metrics: [record('b')] });
    exporters.add(metrics);
    metrics.records.push(record('c'));
    expect(traces.records).toEqual([record('a')]);
    expect(exporters.unsent()).toEqual({ traces: [record('a')], metrics: [record('b'), record('c')] });
  });
});
