import type { Context, Link, Span, SpanContext, SpanOptions } from '@opentelemetry/api';
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
import { maskUrl } from '@clickspan/shared/masking';
import {
  parseServerTiming,
  toInvocationTiming,
  type InvocationTiming,
  type ServerTimingMetric,
} from '@clickspan/shared/serverTiming';
import { parseTraceparent, toTraceparent } from '@clickspan/shared/traceContext';
import { KIND_CLIENT, STATUS_ERROR } from '@clickspan/shared/tracer';
import type { Clock } from '../../platform/clock.ts';
import type { After } from '../../platform/timers.ts';
import type { ShouldPropagate } from './propagation.ts';
import type { ResourceTimings } from './resourceTimings.ts';

/** A request that the page is about to make. */
export interface PageRequest {
  /** In upper case. */
  readonly method: string;
  readonly url: URL;
  /** The `traceparent` that the caller has set; it stays. */
  readonly callerTraceparent: string | null;
  /** Whether headers can be added to it at all. */
  readonly canCarryHeaders: boolean;
  /** Whether it is made by `XMLHttpRequest` and not by `fetch`. */
  readonly isXhr?: boolean;
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
  startRequest(startUnixMs: number): (end: RequestEnd) => void;
}

/** How a request has ended, for its action. */
export interface RequestEnd {
  readonly untilUnixMs: number;
  /** How long it waited for a cold start. */
  readonly coldStartMs: number | undefined;
  /** How long the server worked on it, without the cold start. */
  readonly serverMs: number | undefined;
}

/** What tracking needs of its surroundings. */
export interface RequestsDeps {
  readonly pageOrigin: string;
  /** Makes the span of a request; its parent is the span of the context, unless the options say `root`. */
  readonly startSpan: (request: PageRequest, name: string, options: SpanOptions, context: Context) => Span;
  readonly clock: Clock;
  readonly after: After;
  readonly current: { readonly get: () => Context; readonly isUnsure: () => boolean };
  readonly ownerOf: (context: Context) => RequestOwner | undefined;
  readonly shouldPropagate: ShouldPropagate;
  readonly timings: ResourceTimings;
}

/** All requests of the page. */
export interface Requests {
  /** Starts the span of a request; `undefined` when it is none that goes over HTTP. */
  start(request: PageRequest): TrackedRequest | undefined;
  /** Ends those that are answered, without waiting for the browser's timing. */
  endAnswered(): void;
  /** Ends all; what is not answered says why. */
  endAll(reason: string): void;
}

/** The span waits no longer for the browser's timing of an answer; its end does not move by waiting. */
const ENTRY_WAIT_MS = 500;
const KNOWN_METHODS = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY)$/;

/** Makes the registry of requests, without effects on the page. */
export function createRequests(deps: RequestsDeps): Requests {
  const open = new Set<OpenRequest>();
  return {
    start: (request) =>
      /^https?:$/.test(request.url.protocol) ? startRequest(deps, request, open) : undefined,
    endAnswered: () => open.forEach((request) => request.isAnswered() && request.end()),
    endAll: (reason) => open.forEach((request) => request.end(reason)),
  };
}

interface OpenRequest {
  isAnswered(): boolean;
  end(reason?: string): void;
}

function startRequest(deps: RequestsDeps, request: PageRequest, open: Set<OpenRequest>): TrackedRequest {
  const { clock, timings } = deps;
  const { url } = request;
  const startUnixMs = clock.now();
  const { span, owner } = startSpan(deps, request, startUnixMs);
  const onEnd = owner?.startRequest(startUnixMs);
  const isStamped =
    request.canCarryHeaders && request.callerTraceparent === null && deps.shouldPropagate(url);
  // The header of another origin's answer may be hidden where the browser's timing tells.
  const watch = isStamped && url.origin !== deps.pageOrigin ? timings.watch(url, startUnixMs) : undefined;
  let answeredUnixMs: number | undefined;
  let timing: InvocationTiming | undefined;

  const end = (reason?: string): void => {
    if (!open.delete(self)) return;
    watch?.cancel();
    if (answeredUnixMs === undefined) span.setAttributes({ [CLICKSPAN_END_REASON]: reason });
    const endUnixMs = answeredUnixMs ?? clock.now();
    span.end(endUnixMs);
    onEnd?.({ untilUnixMs: endUnixMs, coldStartMs: timing?.coldStartMs, serverMs: timing?.handlerMs });
  };
  const endWith = (metrics: readonly ServerTimingMetric[]): void => {
    if (metrics.length) timing = setTiming(span, metrics);
    end();
  };
  const self: OpenRequest = { isAnswered: () => answeredUnixMs !== undefined, end };
  open.add(self);
  return {
    headers: isStamped ? toHeaders(span.spanContext()) : [],
    responded(status, serverTiming) {
      answeredUnixMs = clock.now();
      if (status) span.setAttribute(HTTP_RESPONSE_STATUS_CODE, status);
      if (status >= 400) setError(span, `${status}`);
      if (!watch || serverTiming !== null)
        return endWith(serverTiming ? parseServerTiming(serverTiming) : []);
      watch.whenThere(endWith);
      deps.after(ENTRY_WAIT_MS, end);
    },
    failed(errorType) {
      if (errorType !== 'abort') setError(span, errorType);
      end(errorType === 'abort' ? errorType : undefined);
    },
  };
}

function startSpan(
  { current, ownerOf, ...deps }: RequestsDeps,
  request: PageRequest,
  startTime: number,
): { span: Span; owner: RequestOwner | undefined } {
  const { method, url, callerTraceparent } = request;
  const context = current.get();
  const owner = ownerOf(context);
  const isLate = owner?.isPastCap() === true;
  // What the caller has stamped is a trace of its own: ours points to it.
  const targets = [isLate && owner.spanContext, parseTraceparent(callerTraceparent)];
  const links = targets.flatMap((target): Link[] => (target ? [{ context: target }] : []));
  const isKnown = KNOWN_METHODS.test(method);
  const attributes = {
    [CLICKSPAN_SPAN_TYPE]: 'request',
    [CLICKSPAN_ATTRIBUTION]: current.isUnsure() ? 'unsure' : undefined,
    [HTTP_REQUEST_METHOD]: isKnown ? method : '_OTHER',
    [URL_FULL]: maskUrl(url),
    [SERVER_ADDRESS]: url.hostname,
    [SERVER_PORT]: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
  const options = { kind: KIND_CLIENT, startTime, attributes, links, root: isLate };
  const span = deps.startSpan(request, isKnown ? method : 'HTTP', options, context);
  return { span, owner: isLate ? undefined : owner };
}

function setTiming(span: Span, metrics: readonly ServerTimingMetric[]): InvocationTiming {
  const timing = toInvocationTiming(metrics);
  const { context, coldStartMs, initMs, handlerMs } = timing;
  span.setAttributes({
    [CLICKSPAN_COLD_START_MS]: coldStartMs,
    [CLICKSPAN_INIT_MS]: initMs,
    [CLICKSPAN_HANDLER_MS]: handlerMs,
    [CLICKSPAN_SERVER_SPAN_ID]: context?.spanId,
  });
  return timing;
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
