import type { Attributes, SpanContext } from '@opentelemetry/api';
import { CLICKSPAN_ERROR_COUNT, CLICKSPAN_ERRORS_LEFT_OUT } from '@clickspan/shared/attributes';
import type { After } from '../../platform/timers.ts';

/** An error as it is recorded. */
export interface ErrorRecord {
  readonly unixMs: number;
  readonly severity: number;
  readonly eventName?: string;
  readonly attributes: Attributes;
  /** The span in which it happened. */
  readonly spanContext?: SpanContext | undefined;
}

/** Records errors, but not each again and again. */
export interface ErrorReports {
  /** @param key the same for errors that are the same */
  add(key: string, record: ErrorRecord): void;
  /** Tells what has been counted and not been told. */
  readonly flush: () => void;
}

/** What it needs. */
export interface ErrorReportsDeps {
  readonly emit: (record: ErrorRecord) => void;
  readonly after: After;
  readonly clock: { readonly now: () => number };
}

const WINDOW_MS = 60_000;
/** So many different errors are recorded within a minute. */
const MAX_PER_WINDOW = 30;
/** So many different errors a page records in all. */
const MAX_PER_PAGE = 300;
const SEVERITY_WARN = 13;

/**
 * Records an error at once when it comes first; what comes again within a minute, or is too much, is counted, and the
 * counts are recorded when the minute is over.
 */
export function createErrorReports({ emit, after, clock }: ErrorReportsDeps): ErrorReports {
  const known = new Map<string, { readonly record: ErrorRecord; repeats: number }>();
  let leftOut = 0;
  let room = MAX_PER_PAGE;
  let cancel: (() => void) | undefined;

  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    const unixMs = clock.now();
    for (const { record, repeats } of known.values()) {
      if (!repeats) continue;
      emit({ ...record, unixMs, attributes: { ...record.attributes, [CLICKSPAN_ERROR_COUNT]: repeats } });
    }
    known.clear();
    if (leftOut) {
      emit({ unixMs, severity: SEVERITY_WARN, attributes: { [CLICKSPAN_ERRORS_LEFT_OUT]: leftOut } });
    }
    leftOut = 0;
  };
  return {
    add(key, record) {
      cancel ??= after(WINDOW_MS, flush);
      const same = known.get(key);
      if (same) same.repeats++;
      else if (known.size < MAX_PER_WINDOW && room-- > 0) {
        known.set(key, { record, repeats: 0 });
        emit(record);
      } else leftOut++;
    },
    flush,
  };
}
