import type { Context, Link, Span, SpanContext, SpanOptions } from '@opentelemetry/api';
import {
  CLICKSPAN_ATTRIBUTION,
  CLICKSPAN_COLD_START_MS,
  CLICKSPAN_END_REASON,
  CLICKSPAN_HANDLER_MS,
  CLICKSPAN_INIT_MS,
  CLICKSPAN_PREFLIGHT_MS,
  CLICKSPAN_QUEUE_MS,
  CLICKSPAN_SERVER_SPAN_ID,
  CLICKSPAN_SPAN_TYPE,
  ERROR_TYPE,
  HTTP_REQUEST_METHOD,
  HTTP_REQUEST_RESEND_COUNT,
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
import { toServerTimingMetrics } from '../../platform/serverTimingEntries.ts';
import type { After } from '../../platform/timers.ts';
import { toTimingAttributes } from '../../platform/timingPhases.ts';
import type { CorsGuard, Resend } from './corsGuard.ts';
import { parseGraphqlOperation } from './graphqlOperation.ts';
import type { ShouldPropagate } from './propagation.ts';
import type { AwaitedRequest, ResourceTimings } from './resourceTimings.ts';

/** A request that the page is about to make. */
export interface PageRequest {
  /** In upper case. */
  readonly method: string;
  readonly url: URL;
  /** The `traceparent` that the caller has set; it stays. */
  readonly callerTraceparent: string | null;
  /** Whether headers can be added to it at all. */
  readonly canCarryHeaders: boolean;
  /** By which of the two it is made, if by one; see `StartRequestSpan`. */
  readonly via?: 'fetch' | 'xhr';
  /** Whether it can be sent again without the page noticing. */
  readonly canResend?: boolean;
  /** What it sends, as the caller has given it; never consumed. */
  readonly body?: unknown;
  /** Where it is more than a method. */
  readonly name?: string;
}

/** A request on its way. */
export interface TrackedRequest {
  readonly span: Span;
  /** What to add to its headers; empty when nothing may be. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Says that the call which sends it has returned. */
  sent(): void;
  /**
   * @param status 0 when the browser does not tell
   * @param serverTiming the header, `null` when there is none or it is hidden
   * @param isWhole whether no timing of the browser will follow
   */
  responded(status: number, serverTiming: string | null, isWhole?: boolean): void;
  /** @param errorType the name of the error, `abort` when the page gave up */
  failed(errorType: string): void;
  /** Sends it again where our headers may be why it failed; only where it carries them and can be sent again. */
  readonly resend?: ((call: Resend, error: unknown) => Promise<unknown>) | undefined;
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
  readonly corsGuard: CorsGuard;
  /** Finds the entries of those that are open. */
  readonly createTimings: (open: Iterable<AwaitedRequest>) => ResourceTimings;
  readonly options: { readonly graphql: boolean };
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

/** The span waits no longer for the browser's timing, which comes when a body has ended; its end does not move by that. */
const ENTRY_WAIT_MS = 10_000;
/** Its action waits no longer: a body may be a stream that never ends. */
const ACTION_WAIT_MS = 500;
const KNOWN_METHODS = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY)$/;
/** What `fetch` and XHR, asynchronous and not, call a failure without an answer: refused by CORS, or no connection. */
const REFUSALS = /^(?:TypeError|error|NetworkError)$/;
/** The server asks to come back later, or is in trouble. */
const RETRYABLE = /^(?:408|425|429|5..)$/;

/** Makes the registry of requests, without effects on the page. */
export function createRequests(deps: RequestsDeps): Requests {
  const { clock, after } = deps;
  const open = new Set<OpenRequest>();
  const timings = deps.createTimings(open);
  let isSweeping = false;
  /** One timer for all, while any waits for its entry and once more. */
  const sweepSoon = (): void => {
    if (isSweeping) return;
    isSweeping = true;
    after(ACTION_WAIT_MS, () => {
      isSweeping = false;
      const nowUnixMs = clock.now();
      for (const request of open) {
        const waitedMs = nowUnixMs - (request.answeredUnixMs ?? Infinity);
        if (waitedMs >= ENTRY_WAIT_MS) request.end();
        else if (waitedMs >= 0) {
          if (waitedMs >= ACTION_WAIT_MS) request.release();
          sweepSoon();
        }
      }
      if (!open.size) timings.stop();
    });
  };
  const tracking: Tracking = {
    ...deps,
    open,
    timings,
    sweepSoon,
    failures: new WeakMap(),
    masked: new WeakMap(),
  };
  return {
    start: (request) =>
      /^(?:http|ws)s?:$/.test(request.url.protocol) ? startRequest(tracking, request) : undefined,
    endAnswered() {
      timings.take();
      open.forEach((request) => request.answeredUnixMs && request.end());
    },
    endAll(reason) {
      timings.take();
      open.forEach((request) => request.end(reason));
    },
  };
}

interface OpenRequest extends AwaitedRequest {
  /** Lets its action go on. */
  release(): void;
  end(reason?: string): void;
}

interface Tracking extends RequestsDeps {
  readonly open: Set<OpenRequest>;
  readonly timings: ResourceTimings;
  readonly sweepSoon: () => void;
  /** The requests of an action that have failed, by method and address. */
  readonly failures: WeakMap<RequestOwner, Map<string, Failure>>;
  /** What addresses that come again look like when they are masked. */
  readonly masked: WeakMap<URL, string>;
}

interface Failure {
  readonly body: unknown;
  readonly count: number;
}

function startRequest(tracking: Tracking, request: PageRequest): TrackedRequest {
  const { clock, timings, open, sweepSoon, corsGuard, failures } = tracking;
  const { method, url, body, canResend = false } = request;
  const startUnixMs = clock.now();
  const { span, owner } = startSpan(tracking, request, startUnixMs);
  let onEnd = owner?.startRequest(startUnixMs);
  const isForeign = url.origin !== tracking.pageOrigin;
  /** Not any more when it has been sent again. */
  let isStamped =
    request.canCarryHeaders &&
    request.callerTraceparent === null &&
    tracking.shouldPropagate(url) &&
    corsGuard.mayStamp(url, canResend);
  let timing: InvocationTiming | undefined;
  let knownStatus = 0;

  const toRetryKey = (): string => `${method} ${url.href}`;
  const ofOwner = owner && failures.get(owner);
  const failure = ofOwner?.get(toRetryKey());
  let resendCount = 0;
  // Another body is another request.
  if (failure && failure.body === body) {
    resendCount = failure.count;
    ofOwner!.delete(toRetryKey());
    span.setAttribute(HTTP_REQUEST_RESEND_COUNT, resendCount);
  }
  const noteFailure = (): void => {
    if (!owner) return;
    const known = failures.get(owner) ?? new Map<string, Failure>();
    failures.set(owner, known.set(toRetryKey(), { body, count: resendCount + 1 }));
  };

  const setStatus = (status: number): void => {
    if (!status) return;
    knownStatus = status;
    span.setAttribute(HTTP_RESPONSE_STATUS_CODE, status);
    if (status >= 400) setError(span, `${status}`);
    if (RETRYABLE.test(`${status}`)) noteFailure();
  };
  const release = (untilUnixMs: number): void => {
    onEnd?.({ untilUnixMs, coldStartMs: timing?.coldStartMs, serverMs: timing?.handlerMs });
    onEnd = undefined;
  };
  const useEntry = (entry: PerformanceResourceTiming): void => {
    span.setAttributes(
      toTimingAttributes(entry, isStamped && isForeign ? CLICKSPAN_PREFLIGHT_MS : CLICKSPAN_QUEUE_MS),
    );
    if (!knownStatus) setStatus(entry.responseStatus ?? 0);
    // The header of another origin's answer may be hidden where the browser's timing tells.
    if (!timing && entry.serverTiming?.length)
      timing = setTiming(span, toServerTimingMetrics(entry.serverTiming));
  };
  const self: OpenRequest = {
    href: url.hash ? url.href.split('#', 1)[0]! : url.href,
    startUnixMs,
    sentUnixMs: Infinity,
    answeredUnixMs: undefined,
    entry: undefined,
    onEntry() {
      if (self.answeredUnixMs) self.end();
    },
    release: () => release(self.answeredUnixMs!),
    end(reason) {
      if (!open.delete(self)) return;
      const { answeredUnixMs, entry } = self;
      let endUnixMs = answeredUnixMs ?? clock.now();
      if (!answeredUnixMs) span.setAttributes({ [CLICKSPAN_END_REASON]: reason });
      else if (entry) {
        useEntry(entry);
        endUnixMs = clock.fromTimeStamp(entry.responseEnd);
      }
      span.end(endUnixMs);
      release(endUnixMs);
      sweepSoon();
    },
  };
  open.add(self);
  timings.start();
  return {
    span,
    headers: isStamped ? toHeaders(span.spanContext()) : [],
    sent() {
      self.sentUnixMs = clock.now();
    },
    responded(status, serverTiming, isWhole) {
      self.answeredUnixMs = clock.now();
      if (isStamped) corsGuard.answered(url);
      setStatus(status);
      if (serverTiming) timing = setTiming(span, parseServerTiming(serverTiming));
      if (self.entry || isWhole) self.end();
      else sweepSoon();
    },
    failed(errorType) {
      const isAbort = errorType === 'abort';
      if (!isAbort) {
        setError(span, errorType);
        noteFailure();
        if (isStamped && !canResend && REFUSALS.test(errorType)) corsGuard.failed(url);
      }
      self.end(isAbort ? errorType : undefined);
    },
    resend:
      isStamped && canResend && corsGuard.isInQuestion(url)
        ? (call, error) =>
            corsGuard.resend(
              url,
              {
                ...call,
                send() {
                  span.setAttribute(HTTP_REQUEST_RESEND_COUNT, 1);
                  isStamped = false;
                  self.startUnixMs = clock.now();
                  self.entry = undefined;
                  const sent = call.send();
                  self.sentUnixMs = clock.now();
                  return sent;
                },
              },
              error,
            )
        : undefined,
  };
}

function startSpan(
  { current, ownerOf, options, masked, startSpan: start }: Tracking,
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
  const fullUrl = masked.get(url) ?? maskUrl(url);
  masked.set(url, fullUrl);
  const operation = options.graphql && method === 'POST' ? parseGraphqlOperation(request.body) : undefined;
  const attributes = {
    [CLICKSPAN_SPAN_TYPE]: 'request',
    [CLICKSPAN_ATTRIBUTION]: current.isUnsure() ? 'unsure' : undefined,
    [HTTP_REQUEST_METHOD]: isKnown ? method : '_OTHER',
    [URL_FULL]: fullUrl,
    [SERVER_ADDRESS]: url.hostname,
    [SERVER_PORT]: Number(url.port) || (url.protocol.endsWith('s:') ? 443 : 80),
    ...operation?.attributes,
  };
  const methodName = isKnown ? method : 'HTTP';
  const name = request.name ?? (operation ? `${methodName} ${operation.name}` : methodName);
  const span = start(
    request,
    name,
    { kind: KIND_CLIENT, startTime, attributes, links, root: isLate },
    context,
  );
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
