import { createExporter } from '../features/export/exporter.ts';
import type { Exporter } from '../features/export/exporter.ts';
import { createLineExporter } from '../features/export/lineExporter.ts';
import { createTransport } from '../features/export/transport.ts';
import type { Signal } from '../model/signal.ts';
import type { LambdaOptions } from '../options.ts';
import type { Report } from '../platform/guard.ts';
import { openConnection, toOrigin } from '../platform/httpConnection.ts';
import { createLineWriter } from '../platform/logLines.ts';
import { toResource } from '../resource.ts';

/** Makes the exporter of a signal, to a collector or into the log; `undefined` where it is not exported. */
export function createSignalExporter<T>(
  signal: Signal<T>,
  options: LambdaOptions,
  report: Report,
): Exporter<T> | undefined {
  const resource = toResource(process.env, options, process.versions.node);
  const { maxQueueBytes } = options;
  if (options.lines.includes(signal.name))
    return createLineExporter({
      signal,
      resource,
      maxQueueBytes,
      writeLine: createLineWriter(process.env),
      report,
    });
  const target = options.targets[signal.name];
  if (!target) return undefined;
  const { url, headers, gzip, timeoutMs } = target;
  const origin = toOrigin(url);
  const transport = createTransport({
    connect: () => openConnection(origin),
    path: url.pathname + url.search,
    headers,
    gzip,
    nowMs: Date.now,
  });
  return createExporter({
    signal,
    transport,
    resource,
    maxQueueBytes,
    timeoutMs,
    nowMs: Date.now,
    report,
  });
}
