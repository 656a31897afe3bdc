import type { Attributes } from '@opentelemetry/api';
import { CLICKSPAN_DROPPED_LOGS, CLICKSPAN_DROPPED_SPANS } from '@clickspan/shared/attributes';
import { decideExportOutcome } from '@clickspan/shared/exportOutcome';
import { encodeLogs, encodeTraces } from '@clickspan/shared/otlp';
import type { Clock } from '../../platform/clock.ts';
import type { Gzip } from '../../platform/gzip.ts';
import type { LocalStore } from '../../platform/localStore.ts';
import type { InOneTab } from '../../platform/inOneTab.ts';
import type { Post, PostLater, PostRequest } from '../../platform/post.ts';
import type { After } from '../../platform/timers.ts';
import { decidePauseMs } from './exportPolicy.ts';
import { createOfflineStore } from './offlineStore.ts';
import { countBytes, createRecordQueue, type Batch, type QueuedRecord, type Signal } from './recordQueue.ts';

/** The way of records out of the page. */
export interface Exporter {
  readonly add: (record: QueuedRecord) => void;
  /** Counts a record that is lost before it came here. */
  readonly drop: (record: QueuedRecord) => void;
  /** Sends what is there; resolves when it has been answered or has failed. */
  readonly flush: () => Promise<void>;
  /**
   * Sends what may outlive the page, and keeps the rest for the next page of this origin.
   *
   * @param leaving whether the page is left, and not only hidden
   */
  flushOnExit(leaving: boolean): void;
  /** Forgets what has not been sent, in this page and kept for the next. */
  clear(): void;
}

/** What exporting needs. */
export interface ExporterDeps {
  readonly options: {
    /** Where to send; without one nothing is kept. */
    readonly endpoint: string;
    readonly headers: Readonly<Record<string, string>>;
    /** Whether to send what costs no preflight: text, without headers, uncompressed. */
    readonly plainText: boolean;
    /** Whether to keep what could not be sent for the next page. */
    readonly offline: boolean;
  };
  readonly resource: Attributes;
  readonly post: Post;
  /** Absent where the browser has none of these. */
  readonly postLater: PostLater | undefined;
  readonly gzip: Gzip | undefined;
  readonly local: LocalStore;
  readonly inOneTab: InOneTab;
  /** Whether the browser knows that there is no network. */
  readonly isOffline: () => boolean;
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
/** Browsers take no more of them at once. */
const MAX_KEEPALIVES = 9;
/** The resource and what stands around the spans. */
const ENVELOPE_BYTES = 2048;
const QUEUE_BYTES = 512 * 1024;
/** The developer is told when it is no passing trouble. */
const FAILURES_BEFORE_WARNING = 3;
/** What is shorter fits into two packets anyway. */
const GZIP_MIN_LENGTH = 2048;
/** New records are left with the browser no more often than this: what it has must be given to it anew each time. */
const LATER_DELAY_MS = 200;
/** Traces go first; while they fail, logs wait too. */
const SIGNALS: readonly Signal[] = ['traces', 'logs'];
/** Tells when a collector was found that takes nothing compressed from a page. */
const PLAIN_KEY = 'clickspan.plain';
const DAY_MS = 24 * 3600_000;
/** What collectors say that have no place for a signal. */
const REFUSALS: readonly number[] = [404, 405, 415, 501];

/** Where things stand with one signal. */
export interface Channel {
  failures: number;
  /** Infinite when the collector has no place for it. */
  notBeforeUnixMs: number;
  /** Whether it was ever taken. */
  isProven: boolean;
}

/** What the browser sends if the page ends before we have. */
export interface LeftBatch {
  readonly batch: Batch;
  readonly takeBack: () => boolean;
}

/** Makes the exporter; it sends nothing before it has a record. */
export function createExporter(deps: ExporterDeps): Exporter {
  const { options, post, postLater, gzip, local, after, clock } = deps;
  const { endpoint, plainText } = options;
  const queue = createRecordQueue(QUEUE_BYTES);
  const store = createOfflineStore(local, clock.now, deps.inOneTab);
  const toChannel = (): Channel => ({ failures: 0, notBeforeUnixMs: 0, isProven: false });
  const channels = { traces: toChannel(), logs: toChannel() };
  const { traces } = channels;
  let keepalives = 0;
  let keepaliveBytes = 0;
  let isPlain = plainText || !gzip;
  let isGzipProven = false;
  /** What was just refused compressed may be taken plain. */
  let isGzipSuspect = false;
  /** Whether something may be in the store: perhaps of an earlier page, or certainly. */
  let stored: false | 'perhaps' | 'certainly' = options.offline && 'perhaps';
  let left: LeftBatch[] = [];
  let isLeavingSoon = false;
  let isLeft = false;
  let clears = 0;
  let sending: Promise<void> | undefined;
  let timerUnixMs = Infinity;
  let cancelTimer = (): void => {};

  const toDueUnixMs = (signal: Signal): number =>
    Math.max(traces.notBeforeUnixMs, channels[signal].notBeforeUnixMs);

  const toBody = (batch: Batch): string =>
    (batch[0]!.signal === 'logs' ? encodeLogs : encodeTraces)(
      {
        ...deps.resource,
        [CLICKSPAN_DROPPED_SPANS]: queue.dropped('traces') || undefined,
        [CLICKSPAN_DROPPED_LOGS]: queue.dropped('logs') || undefined,
      },
      batch,
    );

  const toRequest = (
    signal: Signal,
    body: string | ArrayBuffer,
  ): Pick<PostRequest, 'url' | 'body' | 'headers'> => ({
    url: `${endpoint}/v1/${signal}`,
    body,
    headers: plainText
      ? { 'content-type': 'text/plain;charset=UTF-8' }
      : {
          ...options.headers,
          'content-type': 'application/json',
          ...(typeof body !== 'string' && { 'content-encoding': 'gzip' }),
        },
  });

  const pack = async (text: string): Promise<string | ArrayBuffer> => {
    if (isPlain || text.length < GZIP_MIN_LENGTH) return text;
    isPlain = clock.now() - Number(local.get(PLAIN_KEY)) < DAY_MS;
    try {
      return isPlain ? text : await gzip!(text);
    } catch {
      isPlain = true;
      return text;
    }
  };

  const transmit = async (
    signal: Signal,
    body: string | ArrayBuffer,
    leaving = false,
  ): Promise<'sent' | 'retry' | 'drop'> => {
    const era = clears;
    const isZipped = typeof body !== 'string';
    const bytes = isZipped ? body.byteLength : countBytes(body);
    const keepalive = keepalives < MAX_KEEPALIVES && keepaliveBytes + bytes <= KEEPALIVE_BYTES;
    const count = (sign: 1 | -1): void => {
      if (!keepalive) return;
      keepalives += sign;
      keepaliveBytes += sign * bytes;
    };
    count(1);
    const { status, retryAfter } = await post({ ...toRequest(signal, body), keepalive, leaving });
    count(-1);
    // When a page is left, Chromium reports what it still sends as failed, even before it tells us that.
    if (!status && keepalive) await new Promise<void>((done) => after(0, done));
    // It has been forgotten meanwhile, or is what was told of just now.
    if (era !== clears || (isLeft && keepalive && !status)) return 'sent';
    const channel = channels[signal];
    const { failures } = channel;
    const outcome = decideExportOutcome(status, retryAfter, clock.now());
    if (outcome.status === 'sent') {
      channel.failures = channel.notBeforeUnixMs = 0;
      channel.isProven = true;
      if (isZipped) isGzipProven = true;
      else if (isGzipSuspect) local.set(PLAIN_KEY, String(clock.now()));
      isGzipSuspect = false;
      return 'sent';
    }
    // A collector that does not allow the header answers as one that is away.
    isGzipSuspect = isZipped && !isGzipProven && (!status || status === 400 || status === 415);
    if (isGzipSuspect) {
      isPlain = true;
      return 'retry';
    }
    channel.failures++;
    const isRetry = outcome.status === 'retry';
    const isRefused =
      signal === 'logs' &&
      (REFUSALS.includes(status) ||
        // Without CORS, "not found" is no answer; traces show that the collector is there.
        (!status && !channel.isProven && traces.isProven && failures >= FAILURES_BEFORE_WARNING - 1));
    channel.notBeforeUnixMs = isRefused
      ? Infinity
      : clock.now() + decidePauseMs(failures + 1, isRetry ? outcome.afterMs : undefined, deps.random());
    if (isRefused) queue.drop(queue.remove(queue.peek(signal, Infinity)));
    if (!isRetry || channel.failures >= FAILURES_BEFORE_WARNING) {
      deps.warn(`The collector does not take ${signal} (${status ? `status ${status}` : 'no answer'}).`);
    }
    return isRefused ? 'drop' : outcome.status;
  };

  const send = async (batch: Batch, body: string | ArrayBuffer, leaving: boolean): Promise<void> => {
    const fate = await transmit(batch[0]!.signal, body, leaving);
    if (fate === 'retry') {
      queue.putBack(batch);
      leaveSoon();
    } else if (fate === 'drop') queue.drop(batch);
  };

  const takeBack = (): void => {
    // One that was sent: the page has been restored since.
    for (const { batch, takeBack: take } of left) if (take()) queue.remove(batch);
    left = [];
  };

  /** Leaves with the browser what is there now, instead of what it has. */
  const leave = (): void => {
    takeBack();
    let room = KEEPALIVE_BYTES;
    for (const signal of SIGNALS) {
      const batch = queue.peek(signal, room - ENVELOPE_BYTES);
      if (!batch.length) continue;
      const body = toBody(batch);
      const back = postLater?.(toRequest(signal, body));
      if (back) left.push({ batch, takeBack: back });
      room -= countBytes(body);
    }
  };

  const leaveSoon = (): void => {
    if (!postLater || isLeavingSoon) return;
    isLeavingSoon = true;
    // While the collector is away, much waits and little changes.
    after(LATER_DELAY_MS * 2 ** Math.min(traces.failures, 6), () => {
      isLeavingSoon = false;
      leave();
    });
  };

  const schedule = (): void => {
    if (!endpoint || sending) return;
    const soonUnixMs = clock.now() + (queue.sizeOf() < BATCH_BYTES ? BATCH_DELAY_MS : 0);
    for (const signal of SIGNALS) {
      const atUnixMs = Math.max(soonUnixMs, toDueUnixMs(signal));
      if (atUnixMs >= timerUnixMs || !(queue.sizeOf(signal) || stored === 'certainly')) continue;
      cancelTimer();
      timerUnixMs = atUnixMs;
      cancelTimer = after(atUnixMs - clock.now(), () => void flush(false));
    }
  };

  const sendAll = async (isForced: boolean): Promise<void> => {
    const isDue = (signal: Signal): boolean => isForced || toDueUnixMs(signal) <= clock.now();
    for (const signal of SIGNALS) {
      const channel = channels[signal];
      const isBroken = channel.failures > 0;
      // What comes while a batch is on its way waits for more, unless it is enough for one.
      let leastBytes = 1;
      while (queue.sizeOf(signal) >= leastBytes && isDue(signal)) {
        const batch = queue.peek(signal, BATCH_BYTES);
        const body = await pack(toBody(batch));
        const there = queue.remove(batch);
        if (there.length < batch.length) {
          // The page was hidden, or forgot, while it was being compressed.
          queue.putBack(there);
          continue;
        }
        const sent = send(batch, body, false);
        // Not before it is on its way.
        takeBack();
        leaveSoon();
        await sent;
        if (isBroken || channel.failures) break;
        leastBytes = isForced || isGzipSuspect ? 1 : BATCH_BYTES;
      }
    }
    if (!stored || !isDue('traces')) return;
    stored = false;
    const isDrained = await store.drain(async ([signal, text]) => {
      const fate = await transmit(signal, await pack(text));
      return fate !== 'retry';
    });
    if (!isDrained) stored = 'certainly';
  };

  const flush = (isForced: boolean): Promise<void> => {
    cancelTimer();
    timerUnixMs = Infinity;
    isLeft = false;
    if (!endpoint) return Promise.resolve();
    sending ??= sendAll(isForced).finally(() => {
      sending = undefined;
      schedule();
    });
    return sending;
  };

  /** Keeps all for the next page, or for this one when it is seen again. */
  const stow = (): boolean => {
    const batches: Batch[] = [];
    // Traces last: the store prefers what is last.
    for (const signal of ['logs', 'traces'] as const) {
      while (queue.sizeOf(signal)) batches.push(queue.remove(queue.peek(signal, BATCH_BYTES)));
    }
    if (!batches.length) return true;
    const isKept = options.offline && store.put(batches.map((batch) => [batch[0]!.signal, toBody(batch)]));
    if (isKept) stored = 'certainly';
    else queue.putBack(batches.flat());
    schedule();
    return isKept;
  };

  return {
    add(record) {
      if (!endpoint) return;
      if (channels[record.signal].notBeforeUnixMs === Infinity) return queue.drop([record]);
      queue.add(record);
      schedule();
      leaveSoon();
    },
    flush: () => flush(true),
    drop: (record) => queue.drop([record]),
    flushOnExit(leaving) {
      if (!endpoint) return;
      isLeft ||= leaving;
      const isCutOff = traces.failures > 0 || deps.isOffline();
      if (!isCutOff || !stow()) {
        for (const signal of SIGNALS) {
          while (queue.sizeOf(signal)) {
            const room = KEEPALIVE_BYTES - keepaliveBytes;
            const batch = queue.peek(signal, Math.min(room - ENVELOPE_BYTES, BATCH_BYTES));
            const body = toBody(batch);
            if (keepalives >= MAX_KEEPALIVES || countBytes(body) > room) break;
            queue.remove(batch);
            void send(batch, body, leaving).then(schedule);
          }
        }
        if (leaving) stow();
      }
      // Nothing of it twice; what had no room is left with the browser.
      leave();
    },
    clear() {
      clears++;
      queue.clear();
      takeBack();
      store.clear();
      local.remove(PLAIN_KEY);
    },
  };
}
