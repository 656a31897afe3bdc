import type { Attributes } from '@opentelemetry/api';
import { CLICKSPAN_DROPPED_SPANS } from '@clickspan/shared/attributes';
import { decideExportOutcome } from '@clickspan/shared/exportOutcome';
import { encodeLogs, encodeTraces } from '@clickspan/shared/otlp';
import type { Clock } from '../../platform/clock.ts';
import type { Post, PostAnswer } from '../../platform/post.ts';
import type { After } from '../../platform/timers.ts';
import { decidePauseMs } from './exportPolicy.ts';
import { createRecordQueue, type Batch, type QueuedRecord } from './recordQueue.ts';

/** The way of records out of the page. */
export interface Exporter {
  readonly add: (record: QueuedRecord) => void;
  /** Sends what is there; resolves when it has been answered or has failed. */
  flush(): Promise<void>;
  /**
   * Sends what may outlive the page; a pause after failures is passed over, since there may be no later.
   *
   * @param leaving whether the page is left, and not only hidden
   */
  flushOnExit(leaving: boolean): void;
  /** Forgets what has not been sent. */
  clear(): void;
}

/** What exporting needs. */
export interface ExporterDeps {
  readonly options: {
    /** Where to send; without one nothing is kept. */
    readonly endpoint: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly resource: Attributes;
  readonly post: Post;
  readonly after: After;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly warn: (message: string) => void;
}

/** Short enough that a trace is seen soon, long enough that a click and its requests travel together. */
const BATCH_DELAY_MS = 500;
/** A batch leaves early when it is this big. */
const BATCH_BYTES = 32 * 1024;
/** Browsers let requests with 64 KiB of bodies in all outlive a page; the page may use some of it itself. */
const KEEPALIVE_BYTES = 56 * 1024;
/** The resource and what stands around the spans. */
const ENVELOPE_BYTES = 2048;
const QUEUE_BYTES = 512 * 1024;
/** The developer is told when it is no passing trouble. */
const FAILURES_BEFORE_WARNING = 3;

/** Makes the exporter; it sends nothing before it has a record. */
export function createExporter(deps: ExporterDeps): Exporter {
  const { options, post, after } = deps;
  const { now } = deps.clock;
  const { endpoint } = options;
  const queue = createRecordQueue(QUEUE_BYTES);
  let keepaliveBytes = 0;
  let failures = 0;
  let notBeforeUnixMs = 0;
  let sending: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;

  const toBody = (batch: Batch): string => {
    const dropped = queue.dropped();
    const encode = batch.signal === 'logs' ? encodeLogs : encodeTraces;
    return encode(
      dropped ? { ...deps.resource, [CLICKSPAN_DROPPED_SPANS]: dropped } : deps.resource,
      batch.records,
    );
  };

  const send = async (batch: Batch, leaving: boolean): Promise<void> => {
    const bytes = batch.bytes + ENVELOPE_BYTES;
    const keepalive = keepaliveBytes + bytes <= KEEPALIVE_BYTES;
    if (keepalive) keepaliveBytes += bytes;
    const headers = { ...options.headers, 'content-type': 'application/json' };
    const url = `${endpoint}/v1/${batch.signal}`;
    const answer = await post({ url, body: toBody(batch), headers, keepalive, leaving });
    if (keepalive) keepaliveBytes -= bytes;
    settle(batch, answer);
  };

  const settle = (batch: Batch, { status, retryAfter }: PostAnswer): void => {
    const outcome = decideExportOutcome(status, retryAfter, now());
    if (outcome.status === 'sent') {
      failures = notBeforeUnixMs = 0;
      return;
    }
    failures++;
    const isRetry = outcome.status === 'retry';
    if (isRetry) queue.putBack(batch);
    else queue.drop(batch);
    notBeforeUnixMs = now() + decidePauseMs(failures, isRetry ? outcome.afterMs : undefined, deps.random());
    if (!isRetry || failures >= FAILURES_BEFORE_WARNING) {
      deps.warn(
        `The collector does not take ${batch.signal} (${status ? `status ${status}` : 'no answer'}).`,
      );
    }
  };

  const schedule = (): void => {
    if (!endpoint || sending || queue.isEmpty()) return;
    const isBig = queue.bytes() >= BATCH_BYTES;
    const delayMs = Math.max(isBig ? 0 : BATCH_DELAY_MS, notBeforeUnixMs - now());
    cancelTimer?.();
    cancelTimer = after(delayMs, () => void flush());
  };

  const sendAll = async (): Promise<void> => {
    const isBroken = failures > 0;
    do {
      await send(queue.take(BATCH_BYTES), false);
    } while (!queue.isEmpty() && !failures && !isBroken);
  };

  const flush = (): Promise<void> => {
    cancelTimer?.();
    cancelTimer = undefined;
    if (!endpoint || queue.isEmpty()) return sending ?? Promise.resolve();
    sending ??= sendAll().finally(() => {
      sending = undefined;
      schedule();
    });
    return sending;
  };

  return {
    add(record) {
      if (!endpoint) return;
      const wasBig = queue.bytes() >= BATCH_BYTES;
      queue.add(record);
      if (!cancelTimer || (!wasBig && queue.bytes() >= BATCH_BYTES)) schedule();
    },
    flush,
    clear: queue.clear,
    flushOnExit(leaving) {
      while (endpoint && !queue.isEmpty() && keepaliveBytes + ENVELOPE_BYTES < KEEPALIVE_BYTES) {
        const room = KEEPALIVE_BYTES - keepaliveBytes - ENVELOPE_BYTES;
        void send(queue.take(Math.min(room, BATCH_BYTES)), leaving).then(schedule);
      }
    },
  };
}
