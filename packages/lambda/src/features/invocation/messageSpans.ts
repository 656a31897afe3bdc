import {
  CLICKSPAN_END_REASON,
  CLICKSPAN_SPAN_TYPE,
  ERROR_TYPE,
  MESSAGING_MESSAGE_ID,
} from '@clickspan/shared/attributes';
import { withSpan } from '@clickspan/shared/context';
import { KIND_CONSUMER, STATUS_ERROR, createSilentSpan } from '@clickspan/shared/tracer';
import type { Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { ActiveContext } from '../../platform/activeContext.ts';
import type { Guard } from '../../platform/guard.ts';
import { toMaskedException } from './exception.ts';
import { toInterrupted } from './interrupted.ts';
import type { TellInterrupted } from './interrupted.ts';
import type { DescribedMessage } from '../../model/describedMessage.ts';

/** The value of `error.type` on a message that the function gave back. */
const GIVEN_BACK = 'batch_item_failure';
/** The event on an invocation's span for a message that the function gave back, and that has no span of its own. */
const FAILED_EVENT = 'clickspan.message_failed';

/** What message spans need. */
export interface MessageEnvironment {
  readonly tracer: Tracer;
  readonly contexts: ActiveContext;
  /** Unix ms with fractions. */
  readonly now: () => number;
  readonly guard: Guard;
  /** A sender's span with the flags that we follow. */
  readonly follow: (sender: SpanContext, fromOutside: boolean) => SpanContext;
  readonly describeMessage: (record: unknown) => DescribedMessage;
  readonly tellInterrupted: TellInterrupted;
}

/** The spans of the messages of one invocation. */
export interface MessageSpans {
  /** Handles one message in a span of its own; what the handling returns or throws is passed on. */
  run<R, T>(record: R, handle: (record: R) => T): T;
  /** The invocation has ended, and has given some messages back: theirs are marked, and all that were handled end. */
  settle(failures: readonly (string | undefined)[]): void;
  /** What is still being handled is not going to end, and says why; with an error it has failed. */
  abandon(reason: string, errorType?: string): void;
  /** Tells of those that are open as if the function ran into its timeout now. */
  tellInterrupted(): void;
}

interface MessageSpan {
  readonly span: Span;
  readonly id: string | undefined;
  /** When its handling was over, Unix ms. */
  endUnixMs?: number;
  failed?: boolean;
}

/**
 * Makes the spans of messages. Each belongs to the trace of the message's own sender, with a link to the invocation; to
 * the invocation where no sender is known, or where the invocation is in that trace itself. A span ends when the
 * invocation does, at the time when the handling was over: only then is known whether the message was given back.
 *
 * @param invocation the span of the invocation
 */
export function createMessageSpans(environment: MessageEnvironment, invocation: Span): MessageSpans {
  const { tracer, contexts, now, guard, describeMessage } = environment;
  const open = new Set<MessageSpan>();
  let failed: ReadonlySet<string | undefined> | undefined;

  const start = (record: unknown): { message: MessageSpan; context: Context } => {
    const { id, name, attributes, sender, fromOutside } = describeMessage(record);
    const active = contexts.active();
    const isApart = sender !== undefined && sender.traceId !== invocation.spanContext().traceId;
    const span = tracer.startSpan(
      name,
      {
        kind: KIND_CONSUMER,
        startTime: now(),
        attributes: { ...attributes, [CLICKSPAN_SPAN_TYPE]: 'message' },
        links: isApart ? [{ context: invocation.spanContext() }] : [],
      },
      isApart ? withSpan(active, createSilentSpan(environment.follow(sender, fromOutside))) : active,
    );
    const message = { span, id };
    open.add(message);
    return { message, context: withSpan(active, span) };
  };

  const finish = (message: MessageSpan): void => {
    if (message.endUnixMs === undefined) return;
    open.delete(message);
    if (message.id !== undefined && !message.failed && failed?.has(message.id))
      message.span.setAttribute(ERROR_TYPE, GIVEN_BACK).setStatus({ code: STATUS_ERROR });
    message.span.end(message.endUnixMs);
  };

  const handled = (message: MessageSpan, error?: { readonly thrown: unknown }): void => {
    message.endUnixMs = now();
    message.failed = error !== undefined;
    if (error) markFailed(message.span, error.thrown);
    if (failed) finish(message);
  };

  return {
    run(record, handle) {
      const started = guard(() => start(record));
      if (!started) return handle(record);
      const { message, context } = started;
      const fail = (thrown: unknown): never => {
        guard(() => handled(message, { thrown }));
        throw thrown;
      };
      let result;
      try {
        result = contexts.run(context, () => handle(record));
      } catch (thrown) {
        return fail(thrown);
      }
      const later = guard(() => isThenable(result)) === true;
      if (!later) {
        guard(() => handled(message));
        return result;
      }
      return (result as unknown as PromiseLike<unknown>).then((value) => {
        guard(() => handled(message));
        return value;
      }, fail) as typeof result;
    },
    settle(failures) {
      failed = new Set(failures);
      if (failures.length === 0 && open.size === 0) return;
      // A sender may have decided against being recorded.
      const known = new Set([...open].filter(({ span }) => span.isRecording()).map(({ id }) => id));
      for (const id of failures)
        if (id === undefined || !known.has(id))
          invocation.addEvent(FAILED_EVENT, { [MESSAGING_MESSAGE_ID]: id });
      for (const message of open) finish(message);
    },
    tellInterrupted() {
      for (const { span, endUnixMs } of open) {
        const told = toInterrupted(span, endUnixMs ?? now(), endUnixMs === undefined);
        if (told) environment.tellInterrupted(told);
      }
    },
    abandon(reason, errorType) {
      for (const message of open) {
        const { span } = message;
        if (message.endUnixMs === undefined) {
          span.setAttribute(CLICKSPAN_END_REASON, reason);
          if (errorType) span.setAttribute(ERROR_TYPE, errorType).setStatus({ code: STATUS_ERROR });
        }
        message.endUnixMs ??= now();
        finish(message);
      }
    },
  };
}

function markFailed(span: Span, thrown: unknown): void {
  const { 'exception.type': type, 'exception.message': message } = toMaskedException(thrown);
  span.setAttribute(ERROR_TYPE, type || typeof thrown);
  span.setStatus({ code: STATUS_ERROR, ...(typeof message === 'string' && { message }) });
  span.recordException(thrown as Error);
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
