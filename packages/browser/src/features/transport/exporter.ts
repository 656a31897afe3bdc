import type { Attributes } from '@opentelemetry/api';
import { CLICKSPAN_DROPPED_LOGS, CLICKSPAN_DROPPED_SPANS } from '@clickspan/shared/attributes';
import { decideExportOutcome } from '@clickspan/shared/exportOutcome';
import { encodeLogs, encodeResource, encodeTraces } from '@clickspan/shared/otlp';
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
  /**
   * Goes on when the page is shown again as it was left. Firefox may never tell of requests that were on their way then:
   * after a while they are taken for sent, as when the page is not restored.
   */
  onRestored(): void;
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
/**
 * What has gathered beyond that, as in a page too busy to hear answers soon, leaves in fewer requests. Compressed, it may
 * still outlive the page.
 */
const MAX_ZIPPED_BYTES = 4 * BATCH_BYTES;
/** Browsers let requests with 64 KiB of bodies in all outlive a page; the page may use some of it itself. */
const KEEPALIVE_BYTES = 56 * 1024;
/** Browsers take no more than nine of them at once, so each counts for a ninth at least. */
const MIN_COST_BYTES = KEEPALIVE_BYTES / 9;
/** The resource and what stands around the spans. */
const ENVELOPE_BYTES = 2048;
const QUEUE_BYTES = 512 * 1024;
/** The developer is told when it is no passing trouble. */
const FAILURES_BEFORE_WARNING = 3;
/** What is shorter fits into two packets anyway. */
const GZIP_MIN_LENGTH = 2048;
/** New records are left with the browser this long after they came. */
const LATER_DELAY_MS = 50;
/** An answer of before the page was left that has not come this long after it was restored does not come. */
const ANSWER_MS = 10_000;
/** Traces go first; while they fail, logs wait too. */
const SIGNALS: readonly Signal[] = ['traces', 'logs'];
/** What a collector answers that takes nothing compressed; one that does not allow the header seems to be away. */
const GZIP_REFUSALS: readonly number[] = [0, 400, 415];

/** Where things stand with one signal. */
export interface Channel {
  failures: number;
  /** Infinite when the collector has no place for it. */
  notBeforeUnixMs: number;
  /** Whether it was ever taken. */
  isProven: boolean;
}

/** Makes the exporter; it sends nothing before it has a record. */
export function createExporter(deps: ExporterDeps): Exporter {
  const { options, post, postLater, clock, after } = deps;
  const { plainText } = options;
  let queue = createRecordQueue(QUEUE_BYTES);
  const store = createOfflineStore(deps.local, clock.now, deps.inOneTab);
  const channels: Record<Signal, Channel> = {
    traces: { failures: 0, notBeforeUnixMs: 0, isProven: false },
    logs: { failures: 0, notBeforeUnixMs: 0, isProven: false },
  };
  const { traces } = channels;
  /** None when all is forgotten. */
  let { endpoint } = options;
  let gzip = plainText ? undefined : deps.gzip;
  let isGzipProven = false;
  /** Of what may outlive the page. */
  let roomBytes = KEEPALIVE_BYTES;
  /** Whether an earlier page may have left something, or this one has. */
  let isStored = !!endpoint && options.offline;
  /** What the browser sends if the page ends before we have. */
  let left: (readonly [Batch, takeBack: () => boolean])[] = [];
  let isGone = false;
  let sending: Promise<void> | undefined;
  /** Ends the wait for an answer. */
  const waits = new Set<() => void>();

  const toBody = (signal: Signal, batch: Batch): string =>
    (signal === 'logs' ? encodeLogs : encodeTraces)(
      encodeResource({
        ...deps.resource,
        [CLICKSPAN_DROPPED_SPANS]: queue.dropped.traces || undefined,
        [CLICKSPAN_DROPPED_LOGS]: queue.dropped.logs || undefined,
      }),
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

  const toCost = (body: string | ArrayBuffer): number =>
    Math.max(typeof body === 'string' ? countBytes(body) : body.byteLength, MIN_COST_BYTES);

  const pack = async (text: string): Promise<string | ArrayBuffer> => {
    try {
      return gzip && text.length >= GZIP_MIN_LENGTH ? await gzip(text) : text;
    } catch {
      return text;
    }
  };

  /**
   * Sends a batch, or what was kept of an earlier page.
   *
   * @returns whether it has to be sent again; a batch waits by then
   */
  const transmit = async (
    signal: Signal,
    text: string,
    batch: Batch = [],
    body: string | ArrayBuffer = text,
    leaving = false,
  ): Promise<boolean> => {
    queue.remove(batch);
    const cost = toCost(body);
    const keepalive = cost <= roomBytes;
    if (keepalive) roomBytes -= cost;
    let giveUp = (): void => {};
    const restored = new Promise<undefined>((done) => {
      giveUp = () => done(undefined);
    });
    if (keepalive) waits.add(giveUp);
    const answer = await Promise.race([post({ ...toRequest(signal, body), keepalive, leaving }), restored]);
    waits.delete(giveUp);
    if (keepalive) roomBytes += cost;
    if (!answer) return false;
    const { status, retryAfter } = answer;
    const isCut = keepalive && !status;
    // When a page is left, Chromium reports what it still sends as failed, even before it tells us that.
    if (isCut) await new Promise<void>((done) => after(0, done));
    // It has been forgotten meanwhile, or is what was told of just now.
    if (!endpoint || (isCut && isGone)) return false;
    const channel = channels[signal];
    const outcome = decideExportOutcome(status, retryAfter, clock.now());
    const isZipped = body !== text;
    if (outcome.status === 'sent') {
      channel.failures = channel.notBeforeUnixMs = 0;
      channel.isProven = true;
      isGzipProven ||= isZipped;
      return false;
    }
    if (isZipped && !isGzipProven && GZIP_REFUSALS.includes(status)) {
      gzip = undefined;
      return transmit(signal, text, batch);
    }
    const isRetry = outcome.status === 'retry';
    const isTrouble = ++channel.failures >= FAILURES_BEFORE_WARNING;
    const isRefused =
      signal === 'logs' &&
      !channel.isProven &&
      // Without CORS, "not found" is no answer; traces show that the collector is there.
      (!isRetry || (!status && traces.isProven && isTrouble));
    channel.notBeforeUnixMs = isRefused
      ? Infinity
      : clock.now() + decidePauseMs(channel.failures, isRetry ? outcome.afterMs : undefined, deps.random());
    if (isRefused) queue.drop(queue.peek(signal, Infinity));
    if (!isRetry || isTrouble) {
      deps.warn(`The collector does not take ${signal} (${status ? `status ${status}` : 'no answer'}).`);
    }
    if (isRefused || !isRetry) {
      queue.drop(batch);
      return false;
    }
    queue.putBack(batch);
    schedule();
    leave();
    return true;
  };

  const takeBack = (): void => {
    // Where it was sent, the page has been restored since.
    for (const [batch, take] of left) if (take()) queue.remove(batch);
    left = [];
  };

  /** Leaves with the browser what it does not have yet. */
  const leave = (): void => {
    const there = new Set(left.flatMap(([batch]) => batch));
    for (const signal of SIGNALS) {
      const batch = queue.peek(signal, BATCH_BYTES).filter((record) => !there.has(record));
      const take = batch.length && postLater?.(toRequest(signal, toBody(signal, batch)));
      if (take) left.push([batch, take]);
    }
  };

  /** Runs something after a while, once for however often it is asked for in between. */
  const toTimer = (toDelayMs: () => number, run: () => void): (() => void) => {
    let isSet = false;
    return () => {
      if (isSet) return;
      isSet = true;
      after(toDelayMs(), () => {
        isSet = false;
        run();
      });
    };
  };

  const leaveSoon = toTimer(
    () => LATER_DELAY_MS,
    () => {
      leave();
      if (queue.sizeBytes() >= BATCH_BYTES) void flush(false);
    },
  );

  const schedule = toTimer(
    () => Math.max(BATCH_DELAY_MS, traces.notBeforeUnixMs - clock.now()),
    () => void flush(false),
  );

  const sendAll = async (isForced: boolean): Promise<void> => {
    const isDue = (signal: Signal): boolean =>
      isForced || Math.max(traces.notBeforeUnixMs, channels[signal].notBeforeUnixMs) <= clock.now();
    for (const signal of SIGNALS) {
      do {
        const batch = queue.peek(signal, isGzipProven ? MAX_ZIPPED_BYTES : BATCH_BYTES);
        if (!batch.length || !isDue(signal)) break;
        const text = toBody(signal, batch);
        const body = await pack(text);
        takeBack();
        // Else the page was hidden, or restored, while it was being compressed.
        const sent = queue.has(batch) && transmit(signal, text, batch, body);
        // What it does not take along.
        leave();
        await sent;
        // What comes while a batch is on its way waits for more, unless it is enough for one.
      } while (!channels[signal].failures && (isForced || queue.sizeBytes() >= BATCH_BYTES));
    }
    if (isStored && isDue('traces')) {
      isStored = false;
      await store.drain(async (signal, text) => {
        const isKept = await transmit(signal, text, [], await pack(text));
        isStored ||= isKept;
        return isKept;
      });
    }
  };

  const flush = (isForced: boolean): Promise<void> => {
    isGone = false;
    // What is on its way may not be all that there is.
    if (sending && isForced) return sending.then(() => flush(true));
    if (!sending) {
      const mine = sendAll(isForced).finally(() => {
        if (sending === mine) sending = undefined;
        if (queue.sizeBytes() || isStored) schedule();
      });
      sending = mine;
    }
    return sending;
  };

  /** Does something with the oldest batch; says whether there was one, and it could. */
  const withBatch = (
    signal: Signal,
    maxBytes: number,
    use: (text: string, batch: Batch) => boolean,
  ): boolean => {
    const batch = queue.peek(signal, maxBytes);
    return batch.length > 0 && use(toBody(signal, batch), batch);
  };

  /** Sends a batch at once, if it may outlive the page. */
  const sendNow = (signal: Signal, leaving: boolean): boolean =>
    withBatch(signal, Math.min(roomBytes - ENVELOPE_BYTES, BATCH_BYTES), (text, batch) => {
      const fits = toCost(text) <= roomBytes;
      if (fits) void transmit(signal, text, batch, text, leaving);
      return fits;
    });

  /** Keeps a batch for the next page, or for this one when it is seen again. */
  const stow = (signal: Signal): boolean =>
    withBatch(signal, BATCH_BYTES, (text, batch) => {
      const isKept = options.offline && store.put(signal, text);
      if (isKept) queue.remove(batch);
      isStored ||= isKept;
      return isKept;
    });

  return {
    add(record) {
      if (channels[record.signal].notBeforeUnixMs === Infinity) return queue.drop([record]);
      if (!endpoint) return;
      queue.add(record);
      schedule();
      leaveSoon();
    },
    flush: () => flush(true),
    drop: (record) => queue.drop([record]),
    flushOnExit(leaving) {
      isGone ||= leaving;
      takeBack();
      const isCutOff = traces.failures || deps.isOffline();
      for (const signal of SIGNALS) {
        while (isCutOff && stow(signal));
        while (sendNow(signal, leaving));
        while (leaving && stow(signal));
      }
      // What had no room.
      leave();
      schedule();
    },
    onRestored() {
      // An answer may still come: Chromium and Safari tell of it.
      const left = [...waits];
      after(ANSWER_MS, () => left.forEach((giveUp) => giveUp()));
      sending = undefined;
      schedule();
    },
    clear() {
      endpoint = '';
      takeBack();
      queue = createRecordQueue(0);
      store.clear();
    },
  };
}
