import type { FlushMoment, SignalExporter, Unsent } from '../../model/signalExporter.ts';

/** All that is sent, as one. */
export interface Exporters {
  /** Takes one more signal in; it gets what a process before has left of it. */
  add(exporter: SignalExporter): void;
  /** Takes in what a process before could not send, also of signals that are added later. */
  restore(unsent: Unsent): void;
  /** What the collector has not confirmed. */
  unsent(): Unsent;
  /**
   * Sends what waits, all signals at the same time, so that they take no longer than one. Resolves when all answers are
   * there, may be left to the next invocation, or the tail is used up; never rejects.
   */
  flush(moment: FlushMoment): Promise<void>;
}

/** Makes the collection of exporters; there is one in each environment. */
export function createExporters(): Exporters {
  const exporters: SignalExporter[] = [];
  let left: Unsent = {};
  return {
    add(exporter) {
      exporters.push(exporter);
      exporter.restore(left[exporter.name] ?? []);
    },
    restore(unsent) {
      left = unsent;
      for (const exporter of exporters) exporter.restore(left[exporter.name] ?? []);
    },
    unsent: () => ({
      ...left,
      ...Object.fromEntries(exporters.map((exporter) => [exporter.name, exporter.unsent()])),
    }),
    async flush(moment) {
      await Promise.all(exporters.map((exporter) => exporter.flush(moment)));
    },
  };
}
