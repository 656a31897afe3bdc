import { decideExportOutcome } from '@clickspan/shared/exportOutcome';
import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { Attributes } from '@opentelemetry/api';
import { firstOf } from '../../platform/firstOf.ts';
import type { Report } from '../../platform/guard.ts';
import type { HttpAnswer } from '../../platform/httpMessage.ts';
import { CLOSED, toBreaker } from './breaker.ts';
import type { BreakerEvent } from './breaker.ts';
import type { FlushMoment, SignalExporter } from '../../model/signalExporter.ts';
import { MAX_TAIL_MS, decideFlush, toTailMs } from './flushPolicy.ts';
import { decideOverlap } from './overlapPolicy.ts';
import type { OverlapDecision } from './overlapPolicy.ts';
import { createRecordQueue } from './recordQueue.ts';
import { createResourceEncoder } from '../../model/signal.ts';
import type { Signal } from '../../model/signal.ts';
import type { Post, Transport } from './transport.ts';

/** Brings one signal to the collector. */
export interface Exporter<T> extends SignalExporter {
  /** Takes something in; cheap, since an invocation's caller still waits. */
  readonly add: (item: T) => void;
  /** Counts what could not be taken in. */
  readonly countDropped: (records: number) => void;
  /** Takes in records that a process before could not send. */
  restore(records: readonly EncodedRecord[]): void;
  /** What the collector has not confirmed, oldest first. */
  unsent(): readonly EncodedRecord[];
  /** Sends what waits. Resolves when the answer is there, may be left to later, or the tail is used up; never rejects. */
  flush(moment: FlushMoment): Promise<void>;
}

/** What an exporter needs. */
export interface ExporterEnvironment<T> {
  readonly signal: Signal<T>;
  readonly transport: Transport;
  readonly resource: Attributes;
  readonly maxQueueBytes: number;
  /** After how long, in ms, a request without an answer is given up and sent again. */
  readonly timeoutMs: number;
  /** Wall clock, Unix ms. */
  readonly nowMs: () => number;
  readonly report: Report;
}

/** One request on its way; its records are kept until the collector has them. */
interface Sent {
  readonly post: Post;
  readonly records: readonly EncodedRecord[];
  /** Wall clock; moved where that is set back. */
  sentMs: number;
  /** Flushes that found it unanswered. */
  flushes: number;
  /** Nobody has waited for its answer. */
  readonly left: boolean;
  /** Resolves when it is settled. */
  readonly settled: Promise<void>;
  done: boolean;
}

/**
 * A request is given up only when whole invocations have gone by since: its answer may have come while the environment
 * was frozen, and is read only after the thaw.
 */
const FLUSHES_BEFORE_GIVING_UP = 2;

const NO_ANSWER = 'no answer yet';

/** With these a collector says that it does not take the signal at all: no such path, not implemented. */
const NOT_TAKEN: readonly number[] = [404, 501];
/** Before it is asked again whether it takes it by now. */
const NOT_TAKEN_PAUSE_MS = 60_000;

/**
 * Makes the exporter of one signal; it sends nothing by itself. What becomes of its requests says nothing of other signals,
 * which have an exporter and a connection each: a collector may refuse one, and take the others.
 */
export function createExporter<T>(environment: ExporterEnvironment<T>): Exporter<T> {
  const { signal, transport, timeoutMs, nowMs, report } = environment;
  const queue = createRecordQueue(signal, environment.maxQueueBytes);
  const encodeResource = createResourceEncoder(signal, environment.resource);
  let unanswered: Sent[] = [];
  let breaker = CLOSED;

  const note = (event: BreakerEvent, reason = ''): void => {
    const before = breaker;
    breaker = toBreaker(before, event, nowMs());
    if (before.state === 'closed' && breaker.state === 'open')
      report(`the collector takes no ${signal.records} (${reason}); see OTEL_EXPORTER_OTLP_ENDPOINT`);
  };
  const settle = (sent: Sent, answer: HttpAnswer | undefined, failure = NO_ANSWER): void => {
    if (sent.done) return;
    sent.done = true;
    unanswered = unanswered.filter((other) => other !== sent);
    const status = answer?.status ?? 0;
    const outcome = decideExportOutcome(status, answer?.header('retry-after'), nowMs());
    if (outcome.status === 'sent') {
      note({ type: 'answered' });
      const rejected = countRejected(answer?.body);
      if (rejected > 0) {
        queue.countDropped(rejected);
        report(`${rejected} ${signal.records} were refused by the collector`);
      }
      return;
    }
    const isTaken = !NOT_TAKEN.includes(status);
    const retryAfterMs =
      outcome.status === 'retry' ? outcome.afterMs : isTaken ? undefined : NOT_TAKEN_PAUSE_MS;
    note({ type: 'failed', retryAfterMs }, answer ? `it answered ${status}` : failure);
    if (outcome.status === 'retry') {
      queue.putBack(sent.records);
      return;
    }
    queue.countDropped(sent.records.length);
    // That it takes none has been told when the breaker opened.
    if (isTaken)
      report(`${sent.records.length} ${signal.records} were refused: the collector answered ${status}`);
  };

  /**
   * Looks at what was sent before. What was waited for in vain counts once: flushes may follow each other at once. Two of them and
   * the timeout without an answer mean that none will come.
   */
  const reconcile = (): void => {
    for (const sent of unanswered) {
      sent.flushes++;
      // The wall clock was set back: the timeout counts from here.
      sent.sentMs = Math.min(sent.sentMs, nowMs());
      if (sent.flushes >= FLUSHES_BEFORE_GIVING_UP && nowMs() - sent.sentMs >= timeoutMs) {
        settle(sent, undefined);
        sent.post.abort();
      } else if (breaker.state === 'closed' && (sent.left ? isOverdue(sent) : sent.flushes === 1))
        note({ type: 'failed' }, NO_ANSWER);
    }
  };
  /** Nobody has waited for it: it is late only when a whole invocation and as long as a tail have gone by. */
  const isOverdue = ({ flushes, sentMs }: Sent): boolean =>
    flushes >= FLUSHES_BEFORE_GIVING_UP && nowMs() - sentMs >= MAX_TAIL_MS;

  /** Reads the answers that have come and whose reading was deferred. */
  const readAnswers = async (): Promise<void> => {
    transport.readNow();
    await new Promise<void>((resolve) => void setImmediate(resolve));
  };
  /** Waits for what was left without an answer, as far as that may still be under way. */
  const awaitLeft = async (remainingMs: number): Promise<void> => {
    const recent = unanswered.filter(({ left, sentMs }) => left && nowMs() - sentMs < MAX_TAIL_MS);
    const waitMs = toTailMs(remainingMs);
    if (recent.length === 0 || waitMs <= 0) return;
    await firstOf(Promise.all(recent.map(({ settled }) => settled)), waitMs);
  };

  /**
   * Sends one request's worth; resolves with whether there was more, and the collector is ready for it.
   *
   * @param leaves the answer is left to a later invocation, where there is no more
   */
  const send = async (leaves: boolean): Promise<boolean> => {
    const records = queue.take();
    if (records.length === 0) return false;
    const more = queue.waiting() > 0;
    const left = leaves && !more;
    const post = transport.post(signal.encodeBatch(encodeResource(queue.dropped()), records), left);
    const settled = post.answer.then(
      (answer) => settle(sent, answer),
      (error: unknown) => settle(sent, undefined, (error as Error).message),
    );
    const sent: Sent = { post, records, sentMs: nowMs(), flushes: 0, left, settled, done: false };
    unanswered.push(sent);
    if (breaker.state === 'open') breaker = { state: 'probing', openings: breaker.openings };
    if (left) {
      await Promise.race([post.written, settled]);
      return false;
    }
    await settled;
    return breaker === CLOSED && (more || (signal.collect !== undefined && queue.size() > 0));
  };

  const decide = (): OverlapDecision =>
    decideOverlap({
      breaker,
      unansweredMs: unanswered[0] && nowMs() - unanswered[0].sentMs,
      connected: transport.connected(),
    });

  return {
    name: signal.name,
    add: queue.add,
    countDropped: queue.countDropped,
    restore: (records) => queue.putBack(records),
    unsent: () => [...unanswered.flatMap(({ records }) => records), ...queue.list()],
    async flush({ remainingMs, holds, overlaps }) {
      if (unanswered.some(({ left }) => left)) await readAnswers();
      reconcile();
      const startMs = nowMs();
      const overlap = holds && overlaps ? decide() : 'wait';
      if (overlap === 'hold') return;
      if (overlap === 'wait' && holds) await awaitLeft(remainingMs);
      for (;;) {
        const { send: go, waitMs } = decideFlush({
          breaker,
          nowMs: nowMs(),
          remainingMs,
          queued: queue.size(),
          unanswered: unanswered.length,
          holds,
          spentMs: Math.max(0, nowMs() - startMs),
        });
        if (!go) return;
        // Nobody may be waiting for it: a fault of ours would end the process as a rejection that nobody handles.
        const answered = send(overlap === 'write').catch((error: unknown) => {
          report(`a request could not be made: ${String(error)}`);
          return false;
        });
        // One request after the other.
        if (waitMs === 0 || !(await firstOf(answered, waitMs))) return;
      }
    },
  };
}

/** How many records a collector that took the request refused all the same; they must not be sent again. */
function countRejected(body: string | undefined): number {
  // The usual answer is `{}`: nothing to parse.
  const [, digits] = /"rejected(?:Spans|DataPoints|LogRecords)"\s*:\s*"?(\d{1,9})/.exec(body ?? '') ?? [];
  return Number(digits ?? 0);
}
