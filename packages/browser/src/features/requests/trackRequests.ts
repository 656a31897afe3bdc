import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import {
  CLICKSPAN_ATTRIBUTION,
  CLICKSPAN_COLD_START_MS,
  CLICKSPAN_END_REASON,
  CLICKSPAN_HANDLER_MS,
  CLICKSPAN_INIT_MS,
  CLICKSPAN_SERVER_SPAN_ID,
  CLICKSPAN_SPAN_TYPE,
  ERROR_TYPE,
  HTTP_REQUEST_METHOD,
  HTTP_RESPONSE_STATUS_CODE,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_FULL,
} from '@clickspan/shared/attributes';
import {
  parseServerTiming,
  toInvocationTiming,
  type ServerTimingMetric,
} from '@clickspan/shared/serverTiming';
import { parseTraceparent, toTraceparent } from '@clickspan/shared/traceContext';
import { KIND_CLIENT, STATUS_ERROR } from '@clickspan/shared/tracer';
import type { After } from '../../platform/timers.ts';
import { maskUrl } from './maskUrl.ts';
import type { ShouldPropagate } from './propagation.ts';
import type { ResourceTimings, WatchedEntry } from './resourceTimings.ts';

/** A request that the page is about to make. */
export interface RequestInit {
  readonly method: string;
  readonly url: URL;
  /** The `traceparent` that the caller has set; it stays. */
  readonly callerTraceparent: string | null;
  /** Whether headers can be added to it at all. */
  readonly canCarryHeaders: boolean;
}

/** A request on its way. */
export interface TrackedRequest {
  /** What to add to its headers; empty when nothing may be. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /**
   * @param status 0 when the browser does not tell
   * @param serverTiming the header, `null` when there is none or it is hidden
   */
  responded(status: number, serverTiming: string | null): void;
  /** @param errorType the name of the error, `abort` when the page gave up */
  failed(errorType: string): void;
}

/** The action that a request belongs to, seen from here. */
export interface RequestOwner {
  readonly spanContext: SpanContext;
  isPastCap(): boolean;
  requestStarted(): void;
  requestEnded(untilUnixMs: number, coldStartMs: number | undefined): void;
}

/** What tracking needs of its surroundings. */
export interface TrackRequestsDeps {
  readonly tracer: Tracer;
  readonly now: () => number;
  readonly after: After;
  readonly pageOrigin: string;
  readonly context: () => Context;
  readonly isUnsure: () => boolean;
  readonly ownerOf: (context: Context) => RequestOwner | undefined;
  readonly shouldPropagate: ShouldPropagate;
  readonly timings: ResourceTimings;
}

/** All requests of the page. */
export interface Requests {
  /** Starts the span of a request; `undefined` when it is none that goes over HTTP. */
  start(init: RequestInit): TrackedRequest | undefined;
  /** Ends those whose response is there, without waiting for the browser's timing. */
  endAnswered(): void;
  /** Ends all. */
  endAll(reason: string): void;
}

/** The span does not wait longer for the browser's timing of a response that is there; its end is not moved by waiting. */
const ENTRY_WAIT_MS = 500;
const KNOWN_METHODS = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY)$/;

/** Makes the registry of requests, without effects on the page. */
export function createRequests(deps: TrackRequestsDeps): Requests {
  const open = new Set<OpenRequest>();
  return {
    start(init) {
      if (!/^https?:$/.test(init.url.protocol)) return undefined;
      const request = startRequest(deps, init, () => open.delete(request));
      open.add(request);
      return request;
    },
    endAnswered: () => open.forEach((request) => request.endAnswered()),
    endAll: (reason) => open.forEach((request) => request.endNow(reason)),
  };
}

interface OpenRequest extends TrackedRequest {
  endAnswered(): void;
  endNow(reason: string): void;
}

function startRequest(deps: TrackRequestsDeps, init: RequestInit, onEnd: () => void): OpenRequest {
  const { url, callerTraceparent } = init;
  const startUnixMs = deps.now();
  const { span, owner } = startSpan(deps, init, startUnixMs);
  const isStamped = init.canCarryHeaders && callerTraceparent === null && deps.shouldPropagate(url);
  // Of another origin's response the header may be hidden while the browser's timing tells.
  const watch =
    isStamped && url.origin !== deps.pageOrigin ? deps.timings.watch(url, startUnixMs) : undefined;
  let answeredUnixMs: number | undefined;
  let coldStartMs: number | undefined;
  let isEnded = false;

  const end = (): void => {
    if (isEnded) return;
    isEnded = true;
    watch?.cancel();
    const endUnixMs = answeredUnixMs ?? deps.now();
    span.end(endUnixMs);
    owner?.requestEnded(endUnixMs, coldStartMs);
    onEnd();
  };
  const apply = (metrics: ServerTimingMetric[]): void => {
    coldStartMs = applyTiming(span, metrics);
  };

  owner?.requestStarted();
  return {
    headers: isStamped ? toHeaders(span.spanContext()) : [],
    responded(status, serverTiming) {
      answeredUnixMs = deps.now();
      if (status) span.setAttribute(HTTP_RESPONSE_STATUS_CODE, status);
      if (status >= 400) setError(span, String(status));
      if (serverTiming !== null) apply(parseServerTiming(serverTiming));
      else if (watch) return waitForEntry(deps, watch, apply, end);
      end();
    },
    failed(errorType) {
      if (errorType === 'abort') span.setAttribute(CLICKSPAN_END_REASON, errorType);
      else setError(span, errorType);
      end();
    },
    endAnswered: () => {
      if (answeredUnixMs !== undefined) end();
    },
    endNow(reason) {
      if (answeredUnixMs === undefined) span.setAttribute(CLICKSPAN_END_REASON, reason);
      end();
    },
  };
}

function startSpan(
  deps: TrackRequestsDeps,
  { method, url, callerTraceparent }: RequestInit,
  startTime: number,
): { span: Span; owner: RequestOwner | undefined } {
  const context = deps.context();
  const owner = deps.ownerOf(context);
  const isLate = owner?.isPastCap() === true;
  // What the caller stamped is its own trace: ours only points to it.
  const linked = [isLate && owner.spanContext, parseTraceparent(callerTraceparent)];
  const links = linked.flatMap((target): Link[] => (target ? [{ context: target }] : []));
  const knownMethod = KNOWN_METHODS.test(method) ? method : '_OTHER';
  const attributes: Attributes = {
    [CLICKSPAN_SPAN_TYPE]: 'request',
    [HTTP_REQUEST_METHOD]: knownMethod,
    [URL_FULL]: maskUrl(url),
    [SERVER_ADDRESS]: url.hostname,
    [SERVER_PORT]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    ...(deps.isUnsure() && { [CLICKSPAN_ATTRIBUTION]: 'unsure' }),
  };
  const name = knownMethod === method ? method : 'HTTP';
  const span = deps.tracer.startSpan(
    name,
    { kind: KIND_CLIENT, startTime, attributes, links, root: isLate },
    context,
  );
  return { span, owner: isLate ? undefined : owner };
}

function waitForEntry(
  { after }: TrackRequestsDeps,
  watch: WatchedEntry,
  apply: (metrics: ServerTimingMetric[]) => void,
  end: () => void,
): void {
  const cancel = after(ENTRY_WAIT_MS, end);
  watch.whenThere((metrics) => {
    cancel();
    apply(metrics);
    end();
  });
}

/** @returns how long the request waited for a cold start, ms */
function applyTiming(span: Span, metrics: ServerTimingMetric[]): number | undefined {
  const { context, coldStartMs, initMs, handlerMs } = toInvocationTiming(metrics);
  const values: Attributes = {
    [CLICKSPAN_COLD_START_MS]: coldStartMs,
    [CLICKSPAN_INIT_MS]: initMs,
    [CLICKSPAN_HANDLER_MS]: handlerMs,
    [CLICKSPAN_SERVER_SPAN_ID]: context?.spanId,
  };
  span.setAttributes(values);
  return coldStartMs;
}

function setError(span: Span, errorType: string): void {
  span.setAttribute(ERROR_TYPE, errorType).setStatus({ code: STATUS_ERROR });
}

function toHeaders(context: SpanContext): TrackedRequest['headers'] {
  const tracestate = context.traceState?.serialize();
  return [
    ['traceparent', toTraceparent(context)],
    ...(tracestate ? [['tracestate', tracestate] as const] : []),
  ];
}
