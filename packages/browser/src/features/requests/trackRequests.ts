import type { Attributes, Context, Span, SpanContext, SpanOptions } from '@opentelemetry/api';
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
  HTTP_REQUEST_METHOD_ORIGINAL,
  HTTP_REQUEST_RESEND_COUNT,
  HTTP_RESPONSE_STATUS_CODE,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_FULL,
} from '@clickspan/shared/attributes';
import { maskUrl } from '@clickspan/shared/masking';
import { parseServerTiming, toInvocationTiming, type InvocationTiming } from '@clickspan/shared/serverTiming';
import { parseTraceparent, toTraceparent } from '@clickspan/shared/traceContext';
import { KIND_CLIENT, STATUS_ERROR } from '@clickspan/shared/tracer';
import type { Clock } from '../../platform/clock.ts';
import type { After } from '../../platform/timers.ts';
import { toTimingAttributes } from '../../platform/timingPhases.ts';
import type { CorsGuard, Resend } from './corsGuard.ts';
import { parseGraphqlOperation } from './graphqlOperation.ts';
import { rememberBody } from './rememberBody.ts';
import type { ShouldPropagate } from './propagation.ts';
import type { AwaitedRequest, ResourceTimings } from './resourceTimings.ts';

/** A request that the page is about to make. */
export interface PageRequest {
  /** As the caller has given it. */
  readonly method: string;
  readonly url: URL;
  /** The `traceparent` that the caller has set; it stays. */
  readonly callerTraceparent?: string | null | undefined;
  /** Whether headers can be added to it at all. */
  readonly canCarryHeaders?: boolean;
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
   * @param status 0 or nothing when the browser does not tell
   * @param serverTiming the header; none when it is hidden, too
   * @param isWhole whether no timing of the browser will follow
   */
  responded(status?: number, serverTiming?: string | null, isWhole?: boolean): void;
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
  /** Whether it was still awaited when the page was left. */
  readonly isCut: boolean;
}

/** What tracking needs of its surroundings. */
export interface RequestsDeps {
  readonly pageOrigin: string;
  /** Makes the span of a request; its parent is the span of the context, unless the options say `root`. */
  readonly startSpan: (request: PageRequest, name: string, options: SpanOptions, context: Context) => Span;
  readonly clock: Clock;
  readonly after: After;
  readonly afterMicrotasks: (run: () => void) => void;
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
/** Those that pages may use; browsers refuse CONNECT and TRACE, and write the first of these in upper case. */
const KNOWN_METHODS = /^(?:(GET|HEAD|POST|PUT|DELETE|OPTIONS)|PATCH|QUERY)$/;
const MAX_METHOD_LENGTH = 32;
/** After so many microtasks, what the browser rejects at once has come through whatever others have put around it. */
const MAX_WRAPPERS = 9;
/** What `fetch` and XHR, asynchronous and not, call a failure without an answer: refused by CORS, or no connection. */
const REFUSALS = /^(?:TypeError|error|NetworkError)$/;
/** An answer that would be the same again; after any other failure, the same request is a retry. */
const FINAL = /^4(?!08|25|29)/;

/** What is known of an address, so that one that comes again is read once: each part costs a call into the browser. */
interface KnownAddress extends Pick<URL, 'origin' | 'pathname'> {
  /** Without fragment. */
  readonly href: string;
  readonly attributes: Attributes;
}

interface OpenRequest extends AwaitedRequest, TrackedRequest {
  /** Lets its action go on. */
  release(untilUnixMs?: number, isCut?: boolean): void;
  end(reason?: string): void;
}

/** A request that has failed, so that the next one like it is its retry. */
interface Failure {
  /** Method and address. */
  readonly key: string;
  /** Whether something is the body that it had. */
  readonly hadBody: (body: unknown) => boolean;
  readonly count: number;
}

/** Makes the registry of requests, without effects on the page. */
export function createRequests(deps: RequestsDeps): Requests {
  const { clock, after, corsGuard, current, options, pageOrigin } = deps;
  const open = new Set<OpenRequest>();
  const timings = deps.createTimings(open);
  const addresses = new WeakMap<URL, KnownAddress>();
  const failures = new WeakMap<RequestOwner, Set<Failure>>();
  let stopSweeping: (() => void) | undefined;
  /** One timer for all, while any waits for its entry and once more. */
  const sweepSoon = (): void => {
    stopSweeping ??= after(ACTION_WAIT_MS, () => {
      stopSweeping = undefined;
      // A busy page is told late of what the browser has long had ready.
      timings.take();
      const nowUnixMs = clock.now();
      for (const request of open) {
        const { answeredUnixMs } = request;
        if (!answeredUnixMs) continue;
        // The clock may have been set back meanwhile.
        const waitedMs = Math.abs(nowUnixMs - answeredUnixMs);
        if (waitedMs >= ACTION_WAIT_MS) request.release();
        if (waitedMs >= ENTRY_WAIT_MS) request.end();
        else sweepSoon();
      }
      if (!open.size) timings.stop();
    });
  };

  const start = (request: PageRequest): TrackedRequest | undefined => {
    const { url, callerTraceparent, canResend = false } = request;
    let { body } = request;
    const method = request.method.toUpperCase();
    let address = addresses.get(url);
    if (!address) addresses.set(url, (address = toKnown(url)));
    const { href } = address;
    if (!/^(?:http|ws)s?:/.test(href)) return undefined;

    const startUnixMs = clock.now();
    const context = current.get();
    const cause = deps.ownerOf(context);
    const isLate = cause?.isPastCap() === true;
    const owner = isLate ? undefined : cause;
    const failed = owner && failures.get(owner);
    const key = `${method} ${href}`;
    // Another body is another request.
    const failure = failed && [...failed].find((other) => other.key === key && other.hadBody(body));
    if (failure) failed.delete(failure);
    const operation = options.graphql && method === 'POST' ? parseGraphqlOperation(body) : undefined;
    const known = KNOWN_METHODS.exec(method);
    const isAsSent = known && (known[1] || method === request.method);
    const methodName = known ? method : 'HTTP';
    const span = deps.startSpan(
      request,
      request.name ?? (operation ? `${methodName} ${operation.name}` : methodName),
      {
        kind: KIND_CLIENT,
        startTime: startUnixMs,
        root: isLate,
        attributes: {
          [CLICKSPAN_SPAN_TYPE]: 'request',
          [CLICKSPAN_ATTRIBUTION]: current.isUnsure() ? 'unsure' : undefined,
          [HTTP_REQUEST_METHOD]: known ? method : '_OTHER',
          [HTTP_REQUEST_METHOD_ORIGINAL]: isAsSent ? undefined : request.method.slice(0, MAX_METHOD_LENGTH),
          [HTTP_REQUEST_RESEND_COUNT]: failure?.count,
          ...address.attributes,
          ...operation?.attributes,
        },
        // What the caller has stamped is a trace of its own: ours points to it.
        links: [isLate ? cause.spanContext : undefined, parseTraceparent(callerTraceparent)].flatMap(
          (target) => (target ? { context: target } : []),
        ),
      },
      context,
    );
    let endOfOwner = owner?.startRequest(startUnixMs);
    /** Not any more when it has been sent again. */
    let isStamped =
      request.canCarryHeaders === true &&
      callerTraceparent == null &&
      deps.shouldPropagate(address) &&
      corsGuard.mayStamp(address, canResend);
    let timing: InvocationTiming | undefined;
    let isStatusKnown = false;
    /** Whether nothing can have gone out yet: what fails now is a mistake of the page, and none of our headers. */
    let isUnsent = false;
    const wait = (ticks: number): void => {
      isUnsent = ticks > 0;
      if (isUnsent) deps.afterMicrotasks(() => wait(ticks - 1));
    };

    const setFailure = (errorType: string): void => {
      span.setAttribute(ERROR_TYPE, errorType).setStatus({ code: STATUS_ERROR });
      if (!owner || FINAL.test(errorType)) return;
      const all = failures.get(owner) ?? new Set();
      failures.set(owner, all.add({ key, hadBody: rememberBody(body), count: (failure?.count ?? 0) + 1 }));
    };
    const setStatus = (status: number | undefined): void => {
      if (!status) return;
      isStatusKnown = true;
      span.setAttribute(HTTP_RESPONSE_STATUS_CODE, status);
      if (status >= 400) setFailure(`${status}`);
    };
    const setTiming = (metrics: Parameters<typeof toInvocationTiming>[0]): void => {
      if (!metrics?.length) return;
      timing = toInvocationTiming(metrics);
      const traceId = timing.context?.traceId;
      const sentTraceId = callerTraceparent ?? (isStamped && span.spanContext().traceId);
      // A cache that the page shares with others has kept what a function told one of them.
      if (traceId && sentTraceId && !sentTraceId.includes(traceId)) timing = {};
      span.setAttributes({
        [CLICKSPAN_COLD_START_MS]: timing.coldStartMs,
        [CLICKSPAN_INIT_MS]: timing.initMs,
        [CLICKSPAN_HANDLER_MS]: timing.handlerMs,
        [CLICKSPAN_SERVER_SPAN_ID]: timing.context?.spanId,
      });
    };

    const self: OpenRequest = {
      span,
      headers: isStamped ? toHeaders(span.spanContext()) : [],
      href,
      startUnixMs,
      sentUnixMs: Infinity,
      answeredUnixMs: undefined,
      entry: undefined,
      onEntry() {
        if (self.answeredUnixMs) self.end();
      },
      release(untilUnixMs = self.answeredUnixMs!, isCut = false) {
        endOfOwner?.({ untilUnixMs, coldStartMs: timing?.coldStartMs, serverMs: timing?.handlerMs, isCut });
        endOfOwner = undefined;
      },
      end(reason) {
        if (!open.delete(self)) return;
        body = undefined;
        const { answeredUnixMs, entry } = self;
        let endUnixMs = answeredUnixMs ?? clock.now();
        if (!answeredUnixMs) span.setAttributes({ [CLICKSPAN_END_REASON]: reason });
        else if (entry) {
          const isPreflighted = isStamped && address.origin !== pageOrigin;
          span.setAttributes(
            toTimingAttributes(entry, isPreflighted ? CLICKSPAN_PREFLIGHT_MS : CLICKSPAN_QUEUE_MS),
          );
          if (!isStatusKnown) setStatus(entry.responseStatus);
          // The header of another origin's answer may be hidden where the browser's timing tells.
          if (!timing) setTiming(entry.serverTiming);
          endUnixMs = clock.fromTimeStamp(entry.responseEnd);
        }
        span.end(endUnixMs);
        self.release(endUnixMs, !answeredUnixMs && !!reason && reason !== 'abort');
        sweepSoon();
      },
      sent() {
        self.sentUnixMs = clock.now();
        if (isStamped && corsGuard.isInQuestion(address)) wait(MAX_WRAPPERS);
      },
      responded(status, serverTiming, isWhole) {
        self.answeredUnixMs = clock.now();
        if (isStamped) corsGuard.answered(address);
        setStatus(status);
        body = undefined;
        if (serverTiming) setTiming(parseServerTiming(serverTiming));
        if (self.entry || isWhole) self.end();
        else sweepSoon();
      },
      failed(errorType) {
        if (errorType === 'abort') return self.end(errorType);
        setFailure(errorType);
        if (isStamped && !canResend && !isUnsent && REFUSALS.test(errorType)) corsGuard.failed(address);
        self.end();
      },
      resend:
        isStamped && canResend && corsGuard.isInQuestion(address)
          ? (call, error) => {
              if (isUnsent) return Promise.reject(error);
              const send = (): Promise<Response> => {
                span.setAttribute(HTTP_REQUEST_RESEND_COUNT, 1);
                isStamped = false;
                self.startUnixMs = clock.now();
                self.entry = undefined;
                const sent = call.send();
                self.sent();
                return sent;
              };
              return corsGuard.resend(address, { ...call, send }, error);
            }
          : undefined,
    };
    open.add(self);
    timings.start();
    return self;
  };

  /** Without a reason only those that are answered. */
  const endAll = (reason?: string): void => {
    timings.take();
    open.forEach((request) => (reason || request.answeredUnixMs) && request.end(reason));
  };
  return { start, endAnswered: () => endAll(), endAll };
}

function toKnown(url: URL): KnownAddress {
  const { href, origin, pathname, protocol, hostname, port } = url;
  return {
    href: href.split('#', 1)[0]!,
    origin,
    pathname,
    attributes: {
      [URL_FULL]: maskUrl(url),
      [SERVER_ADDRESS]: hostname,
      [SERVER_PORT]: Number(port) || (protocol.endsWith('s:') ? 443 : 80),
    },
  };
}

function toHeaders(context: SpanContext): TrackedRequest['headers'] {
  const tracestate = context.traceState?.serialize();
  return [
    ['traceparent', toTraceparent(context)],
    ...(tracestate ? [['tracestate', tracestate] as const] : []),
  ];
}
