import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { Attributes } from '@opentelemetry/api';
import { firstOf } from '../../platform/firstOf.ts';
import type { Report } from '../../platform/guard.ts';
import type { Exporter } from './exporter.ts';
import { toTailMs } from './flushPolicy.ts';
import { createRecordQueue } from './recordQueue.ts';
import { createResourceEncoder } from '../../model/signal.ts';
import type { Signal } from '../../model/signal.ts';

/** What an exporter of lines needs. */
export interface LineExporterEnvironment<T> {
  readonly signal: Signal<T>;
  readonly resource: Attributes;
  readonly maxQueueBytes: number;
  /** Writes a line, given without its end; resolves when it has left the process. */
  readonly writeLine: (line: string) => Promise<void>;
  readonly report: Report;
}

/** What Lambda and CloudWatch take as one event, 256 KiB, with some room for what they put around it. */
const MAX_LINE_BYTES = 262_144 - 1024;

/**
 * Makes an exporter that writes lines into the function's log, for functions that can reach no collector: each is a whole
 * request of OTLP/JSON, for whoever reads the log to hand on. Nobody answers, and nothing is sent again; but where much is
 * written at once, the end of it is still in the process when all has been written, and is waited for.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 */
export function createLineExporter<T>(environment: LineExporterEnvironment<T>): Exporter<T> {
  const { signal, writeLine, report } = environment;
  const queue = createRecordQueue(signal, environment.maxQueueBytes);
  const encodeResource = createResourceEncoder(signal, environment.resource);

  let written: Promise<void> | undefined;

  const write = (records: readonly EncodedRecord[]): void => {
    if (records.length === 0) return;
    const line = signal.encodeBatch(encodeResource(queue.dropped()), records);
    if (Buffer.byteLength(line) <= MAX_LINE_BYTES) {
      written = writeLine(line);
      return;
    }
    if (records.length === 1) {
      queue.countDropped(1);
      return report(`one of the ${signal.records} is too long for a line of the log`);
    }
    const half = Math.ceil(records.length / 2);
    write(records.slice(0, half));
    write(records.slice(half));
  };
  const writeAll = (): void => {
    while (queue.size() > 0) write(queue.take());
  };

  return {
    name: signal.name,
    add: queue.add,
    countDropped: queue.countDropped,
    restore: queue.putBack,
    // Asked for when the process is about to end: there is no better time to write.
    unsent() {
      writeAll();
      return [];
    },
    async flush({ remainingMs }) {
      writeAll();
      const waitMs = toTailMs(remainingMs);
      // One after the other: with the last, all have left.
      if (written && waitMs > 0) await firstOf(written, waitMs);
      written = undefined;
    },
  };
}
