import { CLICKSPAN_DROPPED_SPANS } from '@clickspan/shared/attributes';
import { decideExportOutcome } from '@clickspan/shared/exportOutcome';
import { encodeTraces } from '@clickspan/shared/otlp';
import type { EncodedRecord } from '@clickspan/shared/otlp';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { Attributes } from '@opentelemetry/api';
import type { Report } from '../../platform/guard.ts';
import type { HttpAnswer } from '../../platform/httpMessage.ts';
import { CLOSED, toBreaker } from './breaker.ts';
import type { BreakerEvent } from './breaker.ts';
import { decideFlush } from './flushPolicy.ts';
import { createSpanQueue } from './spanQueue.ts';
import type { Post, Transport } from './transport.ts';

/** Brings spans to the collector. */
export interface Exporter {
  /** Takes a span in; cheap, since an invocation's caller still waits. */
  add(span: EndedSpan): void;
  /** Takes in spans that a process before could not send. */
  restore(spans: readonly EncodedRecord[]): void;
  /** What the collector has not confirmed, oldest first. */
  unsent(): readonly EncodedRecord[];
  /**
   * Sends what waits. Resolves when the answer is there or the tail is used up; never rejects.
   *
   * @param remainingMs until the function's deadline
   * @param holds whether the platform waits for us before it freezes the environment
   */
  flush(remainingMs: number, holds: boolean): Promise<void>;
}

/** What the exporter needs. */
export interface ExporterEnvironment {
  readonly transport: Transport;
  readonly resource: Attributes;
  readonly maxQueueBytes: number;
  /** After how long, in ms, a request without an answer is given up and sent again. */
  readonly timeoutMs: number;
  /** Wall clock, Unix ms. */
  readonly nowMs: () => number;
  readonly report: Report;
}

/** One request on its way; its spans are kept until the collector has them. */
interface Sent {
  readonly post: Post;
  readonly spans: readonly EncodedRecord[];
  /** Wall clock; moved where that is set back. */
  sentMs: number;
  /** Flushes that found it unanswered. */
  flushes: number;
  done: boolean;
}

/**
 * A request is given up only when whole invocations have gone by since: its answer may have come while the environment
 * was frozen, and is read only after the thaw.
 */
const FLUSHES_BEFORE_GIVING_UP = 2;

const NO_ANSWER = 'no answer yet';

/** Makes the exporter; it sends nothing by itself. */
export function createExporter(environment: ExporterEnvironment): Exporter {
  const { transport, resource, timeoutMs, nowMs, report } = environment;
  const queue = createSpanQueue(environment.maxQueueBytes);
  let unanswered: Sent[] = [];
  let breaker = CLOSED;

  const note = (event: BreakerEvent, reason = ''): void => {
    const before = breaker;
    breaker = toBreaker(before, event, nowMs());
    if (before.state === 'closed' && breaker.state === 'open')
      report(`the collector takes no spans (${reason}); see OTEL_EXPORTER_OTLP_ENDPOINT`);
  };
  const settle = (sent: Sent, answer: HttpAnswer | undefined, failure = NO_ANSWER): void => {
    if (sent.done) return;
    sent.done = true;
    unanswered = unanswered.filter((other) => other !== sent);
    const outcome = decideExportOutcome(answer?.status ?? 0, answer?.headers['retry-after'], nowMs());
    if (outcome.status === 'sent') {
      note({ type: 'answered' });
      const rejected = countRejected(answer?.body);
      if (rejected > 0) {
        queue.countDropped(rejected);
        report(`${rejected} spans were refused by the collector`);
      }
      return;
    }
    const retryAfterMs = outcome.status === 'retry' ? outcome.afterMs : undefined;
    note({ type: 'failed', retryAfterMs }, answer ? `it answered ${answer.status}` : failure);
    if (outcome.status === 'retry') {
      queue.putBack(sent.spans);
      return;
    }
    queue.countDropped(sent.spans.length);
    report(`${sent.spans.length} spans were refused: the collector answered ${answer?.status}`);
  };

  /** Looks at what was sent before: two whole flushes and the timeout without an answer mean that none will come. */
  const reconcile = (): void => {
    for (const sent of unanswered) {
      sent.flushes++;
      // The wall clock was set back: the timeout counts from here.
      sent.sentMs = Math.min(sent.sentMs, nowMs());
      if (sent.flushes >= FLUSHES_BEFORE_GIVING_UP && nowMs() - sent.sentMs >= timeoutMs) {
        settle(sent, undefined);
        sent.post.abort();
      } else if (breaker.state === 'closed') note({ type: 'failed' }, NO_ANSWER);
    }
  };

  /** Sends one request's worth; resolves with whether there was more, and the collector is ready for it. */
  const send = async (): Promise<boolean> => {
    const spans = queue.take();
    if (spans.length === 0) return false;
    const more = queue.size() > 0;
    const dropped = queue.dropped();
    const attributes = dropped > 0 ? { ...resource, [CLICKSPAN_DROPPED_SPANS]: dropped } : resource;
    const post = transport.post(encodeTraces(attributes, spans));
    const sent: Sent = { post, spans, sentMs: nowMs(), flushes: 0, done: false };
    unanswered.push(sent);
    if (breaker.state === 'open') breaker = { state: 'probing', openings: breaker.openings };
    await post.answer.then(
      (answer) => settle(sent, answer),
      (error: unknown) => settle(sent, undefined, (error as Error).message),
    );
    return more && breaker === CLOSED;
  };

  return {
    add: (span) => queue.add(span),
    restore: (spans) => queue.putBack(spans),
    unsent: () => [...unanswered.flatMap(({ spans }) => spans), ...queue.list()],
    async flush(remainingMs, holds) {
      reconcile();
      const startMs = nowMs();
      for (;;) {
        const { send: go, waitMs } = decideFlush({
          breaker,
          nowMs: nowMs(),
          remainingMs,
          queuedSpans: queue.size(),
          unanswered: unanswered.length,
          holds,
          spentMs: Math.max(0, nowMs() - startMs),
        });
        if (!go) return;
        const answered = send();
        // One request after the other.
        if (waitMs === 0 || !(await firstOf(answered, waitMs))) return;
      }
    },
  };
}

/** How many spans a collector that took the request refused all the same; they must not be sent again. */
function countRejected(body: string | undefined): number {
  // The usual answer is `{}`: nothing to parse.
  const [, digits] = /"rejectedSpans"\s*:\s*"?(\d{1,9})/.exec(body ?? '') ?? [];
  return Number(digits ?? 0);
}

/** Resolves with a promise, or with false after a time; the timer does not keep the process alive. */
async function firstOf(promise: Promise<boolean>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false).unref();
  });
  const first = await Promise.race([promise, timeout]);
  clearTimeout(timer);
  return first;
}
