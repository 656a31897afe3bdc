import { createSilentSpan } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import { describe, expect, it } from 'vitest';
import { decodeSpans } from '../../../../../test/support/collector.ts';
import { createLineExporter } from './lineExporter.ts';
import { TRACES } from './traces.ts';

function toSpan(name: string, text = ''): EndedSpan {
  const context = createSilentSpan({
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 1,
  }).spanContext();
  return {
    context,
    parentSpanId: '',
    parentIsRemote: false,
    name,
    kind: 0,
    startUnixMs: 1,
    endUnixMs: 2,
    attributes: { text },
    events: [],
    links: [],
    status: { code: 0 },
    scope: { name: 's', version: '' },
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
  };
}

function create(written = Promise.resolve()) {
  const lines: string[] = [];
  const reports: string[] = [];
  const exporter = createLineExporter({
    signal: TRACES,
    resource: { 'service.name': 'f' },
    maxQueueBytes: 4_000_000,
    writeLine: (line) => {
      lines.push(line);
      return written;
    },
    report: (message) => reports.push(message),
  });
  const names = (): string[] => lines.flatMap((line) => decodeSpans(line, 0).map(({ name }) => name));
  return { exporter, lines, reports, names };
}

describe('an exporter of lines', () => {
  it('writes what waits as one whole request, at once', () => {
    const { exporter, lines, names } = create();
    exporter.add(toSpan('first'));
    exporter.add(toSpan('second'));
    expect(lines).toEqual([]);
    void exporter.flush({ remainingMs: NaN, holds: false, overlaps: false });
    expect(lines).toHaveLength(1);
    expect(names()).toEqual(['first', 'second']);
    expect(decodeSpans(lines[0]!, 0)[0]!.resource).toEqual({ 'service.name': 'f' });
  });

  it('writes nothing where nothing waits', async () => {
    const { exporter, lines } = create();
    await exporter.flush({ remainingMs: NaN, holds: false, overlaps: false });
    expect(lines).toEqual([]);
  });

  it('writes several requests where one would be too long for an event of the log, in bytes', async () => {
    const { exporter, lines, names } = create();
    const expected = Array.from({ length: 40 }, (_, i) => `n${i}`);
    for (const name of expected) exporter.add(toSpan(name, '€'.repeat(4096)));
    await exporter.flush({ remainingMs: NaN, holds: false, overlaps: false });
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThan(262_144);
    expect(names()).toEqual(expected);
  });

  it('waits until all has left the process, but not until the deadline', async () => {
    let leave!: () => void;
    const { exporter } = create(new Promise((resolve) => (leave = resolve)));
    exporter.add(toSpan('first'));
    const ended: string[] = [];
    const flush = exporter
      .flush({ remainingMs: NaN, holds: true, overlaps: false })
      .then(() => ended.push('left'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toEqual([]);
    leave();
    await flush;
    const { exporter: stuck } = create(new Promise(() => {}));
    stuck.add(toSpan('first'));
    await stuck.flush({ remainingMs: 60, holds: true, overlaps: false });
    await stuck.flush({ remainingMs: 10, holds: true, overlaps: false });
  });

  it('counts what is too long by itself, and tells the number with the next', async () => {
    const { exporter, lines, reports, names } = create();
    exporter.add(toSpan('long', 'x'.repeat(300_000)));
    exporter.add(toSpan('short'));
    await exporter.flush({ remainingMs: NaN, holds: false, overlaps: false });
    expect(names()).toEqual(['short']);
    expect(decodeSpans(lines[0]!, 0)[0]!.resource).toMatchObject({ 'clickspan.dropped_spans': 1 });
    expect(reports).toHaveLength(1);
  });

  it('writes when the process is about to end, and leaves nothing to the next one', () => {
    const { exporter, names } = create();
    exporter.add(toSpan('last'));
    expect(exporter.unsent()).toEqual([]);
    expect(names()).toEqual(['last']);
  });
});
