import { CLICKSPAN_END_REASON } from '@clickspan/shared/attributes';
import type { Span } from '@opentelemetry/api';

/** A call that has begun and not ended. */
export interface OpenCall {
  readonly span: Span;
  /** When the answer's head came, Unix ms; the body may never be read to its end. */
  answeredUnixMs?: number;
}

/** The calls that are under way. */
export interface OpenCalls {
  begin(span: Span): OpenCall;
  /** Ends a call: now, or when it is said to have ended. */
  end(call: OpenCall, endUnixMs?: number): void;
  /** Ends the calls whose answer has come but was not read to its end: nobody else would. */
  endAnswered(): void;
  /** Ends all calls, since the process ends. */
  endAll(reason: string): void;
  /** The spans of the calls that are under way. */
  list(): readonly Span[];
}

/** The same, as observers of calls see it. */
export interface CallRecord extends OpenCalls {
  /** Lets go of a call that never was one; its span is not sent. */
  forget(call: OpenCall): void;
}

/** More than a function has under way; some calls never end, as requests that are made and not sent. */
const MAX_OPEN = 1000;

/** Makes the record of open calls; the oldest is ended where there are too many. */
export function createOpenCalls(): CallRecord {
  const open = new Set<OpenCall>();
  const end = (call: OpenCall, endUnixMs?: number): void => {
    if (open.delete(call)) call.span.end(endUnixMs);
  };
  const endEarly = (call: OpenCall, reason: string): void => {
    call.span.setAttribute(CLICKSPAN_END_REASON, reason);
    end(call);
  };
  return {
    begin(span) {
      const [oldest] = open;
      if (oldest && open.size >= MAX_OPEN) endEarly(oldest, 'cap');
      const call: OpenCall = { span };
      open.add(call);
      return call;
    },
    end,
    forget: (call) => void open.delete(call),
    endAnswered() {
      for (const call of open) if (call.answeredUnixMs !== undefined) end(call, call.answeredUnixMs);
    },
    endAll(reason) {
      for (const call of open) endEarly(call, reason);
    },
    list: () => Array.from(open, ({ span }) => span),
  };
}
