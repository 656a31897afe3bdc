import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectExternalEngine } from '../features/engine/externalEngine.ts';
import { startEmbeddedEngine } from '../features/engine/superviseEngine.ts';
import type { EmbeddedEngineOptions, Engine } from '../features/engine/superviseEngine.ts';
import { createCollector } from '../features/ingest/collector.ts';
import type { StoreOutcome } from '../features/ingest/collector.ts';
import { createCommitQueue } from '../features/ingest/commitQueue.ts';
import type { CommitQueue } from '../features/ingest/commitQueue.ts';
import { DEFAULT_LIMITS } from '../features/ingest/limits.ts';
import { createOutageLog } from '../features/ingest/outageLog.ts';
import { startLiveFeed } from '../features/live/liveFeed.ts';
import type { LiveFeed } from '../features/live/liveFeed.ts';
import { loadPageFiles } from '../features/pages/pageFiles.ts';
import { encodeSpanRows, INSERT_SPANS } from '../features/storage/encodeSpanRows.ts';
import { migrate } from '../features/storage/migrate.ts';
import type { EngineClient } from '../platform/clickhouse.ts';
import { startHttpListener } from '../platform/httpServer.ts';
import type { HttpListener } from '../platform/httpServer.ts';
import type { SpanGroup } from '../spanRow.ts';
import type { Console, ConsoleOptions } from './consoleOptions.ts';
import { createConsoleRoutes } from './consoleRoutes.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_RETENTION_DAYS = 30;
/** One insert may touch a hundred days; without an end of retention, this is how late a span may come. */
const MAX_SPAN_AGE_DAYS = 90;
const REQUEST_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 2_000;
/** A span's row is about this much of its JSON. */
const ROW_SHARE_OF_JSON = 0.6;
const PAGES_DIR = fileURLToPath(new URL('../ui/', import.meta.url));

/**
 * Starts engine, collector and console in this process.
 *
 * @throws ConsoleError with a code of `CONSOLE_ERRORS`
 */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const log = options.log ?? ((): void => undefined);
  const undo: (() => Promise<void> | void)[] = [];
  let stopped: Promise<void> | undefined;
  const undoAll = async (): Promise<void> => {
    for (const step of undo.toReversed()) await step();
  };
  const stop = (): Promise<void> => (stopped ??= undoAll());
  try {
    const retentionDays = options.retentionDays ?? DEFAULT_RETENTION_DAYS;
    const prepare = (client: EngineClient): Promise<void> => migrate(client, { retentionDays });
    const engine = await startEngine(options, { prepare, log });
    undo.push(engine.stop);

    const live = startLiveFeed();
    undo.push(live.stop);
    const queue = createQueue(engine, log);
    // An engine that hangs is not waited for: its senders have no answer, and so will send again.
    undo.push(() => Promise.race([queue.drain(), sleep(STOP_GRACE_MS, undefined, { ref: false })]));
    const collector = await startCollector(options, { engine, queue, live, log, retentionDays });
    undo.push(() => collector.stop(STOP_GRACE_MS));
    const pages = await startPages(options, { engine, live, log, collectorUrl: collector.url });
    undo.push(() => pages.stop(0));
    return {
      collectorUrl: collector.url,
      consoleUrl: pages.url,
      get engine() {
        return engine.process();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startEngine(
  { clickhouseUrl, dataDir }: ConsoleOptions,
  parts: Pick<EmbeddedEngineOptions, 'prepare' | 'log'>,
): Promise<Engine> {
  if (clickhouseUrl) return await connectExternalEngine({ url: clickhouseUrl, prepare: parts.prepare });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  return await startEmbeddedEngine({ dataDir, ...parts });
}

function createQueue(engine: Engine, log: (line: string) => void): CommitQueue {
  const nowMs = (): number => performance.now();
  const observeOutcome = createOutageLog({ log, nowMs });
  return createCommitQueue({
    maxPendingBytes: DEFAULT_LIMITS.maxPendingBytes,
    nowMs,
    insert: async (chunks) => {
      const outcome = await engine.client()?.insert(INSERT_SPANS, chunks);
      if (!outcome) return { status: 'unavailable', reason: 'no engine' };
      observeOutcome(outcome);
      return outcome;
    },
  });
}

interface CollectorParts {
  readonly engine: Engine;
  readonly queue: CommitQueue;
  readonly live: LiveFeed;
  readonly log: (line: string) => void;
  readonly retentionDays: number;
}

function startCollector(options: ConsoleOptions, parts: CollectorParts): Promise<HttpListener> {
  const { engine, queue, live, log, retentionDays } = parts;
  const store = (groups: readonly SpanGroup[], bodyBytes: number): Promise<StoreOutcome> => {
    const maxBytes = DEFAULT_LIMITS.maxRowBytes;
    const sizeHintBytes = Math.ceil(bodyBytes * ROW_SHARE_OF_JSON);
    const rows = encodeSpanRows(groups, { sizeHintBytes, maxBytes });
    if (!rows) return Promise.resolve({ status: 'too-large', maxBytes });
    const traceIds = traceIdsOf(groups);
    // Only ids and rows wait for the engine; what they were made from can go.
    return queue.submit(rows).then((outcome) => {
      if (outcome.status === 'stored') live.announce(traceIds);
      return outcome;
    });
  };
  return startHttpListener({
    host: options.host ?? DEFAULT_HOST,
    port: options.collectorPort,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    handle: createCollector({
      store,
      isReady: () => engine.client() !== undefined,
      limits: {
        ...DEFAULT_LIMITS,
        maxSpanAgeDays: Math.min(retentionDays || MAX_SPAN_AGE_DAYS, MAX_SPAN_AGE_DAYS),
      },
      nowUnixMs: Date.now,
      log,
    }),
  });
}

interface PageParts {
  readonly engine: Engine;
  readonly live: LiveFeed;
  readonly log: (line: string) => void;
  readonly collectorUrl: string;
}

async function startPages(options: ConsoleOptions, parts: PageParts): Promise<HttpListener> {
  const { engine, live, log, collectorUrl } = parts;
  const host = options.host ?? DEFAULT_HOST;
  const pages = await loadPageFiles(PAGES_DIR);
  return await startHttpListener({
    host,
    port: options.consolePort,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    handle: createConsoleRoutes({
      engine,
      live,
      pages,
      log,
      collectorUrl: () => collectorUrl,
      allowedHosts: [host, ...(options.allowedHosts ?? [])],
    }),
  });
}

function traceIdsOf(groups: readonly SpanGroup[]): Set<string> {
  return new Set(groups.flatMap((group) => group.spans.map((span) => span.traceId)));
}
