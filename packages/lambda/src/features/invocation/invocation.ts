import {
  AWS_LAMBDA_INVOKED_ARN,
  CLICKSPAN_BATCH_FAILURES,
  CLICKSPAN_END_REASON,
  CLICKSPAN_EVENT,
  CLICKSPAN_RESULT,
  CLICKSPAN_SPAN_TYPE,
  CLOUD_ACCOUNT_ID,
  CLOUD_RESOURCE_ID,
  ERROR_TYPE,
  FAAS_COLDSTART,
  FAAS_INVOCATION_ID,
  FAAS_TRIGGER,
  HTTP_RESPONSE_STATUS_CODE,
} from '@clickspan/shared/attributes';
import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { toServerTiming } from '@clickspan/shared/serverTiming';
import { FLAG_SAMPLED } from '@clickspan/shared/traceContext';
import { KIND_SERVER, STATUS_ERROR, createSilentSpan } from '@clickspan/shared/tracer';
import type { Attributes, Context, Span, SpanContext } from '@opentelemetry/api';
import { parseXrayHeader } from '../../platform/xrayHeader.ts';
import type { Trigger } from '../../model/trigger.ts';
import { readBatchFailures } from './batchFailures.ts';
import type { StartedInvocation } from './crashRecord.ts';
import { createEnvironmentStart } from './environmentStart.ts';
import type { Init, InitPart } from './environmentStart.ts';
import { toMaskedException } from './exception.ts';
import type { HeldTraces } from './heldTraces.ts';
import { addServerTiming, addServerTimingToHead, toHttpStatus } from './httpResponse.ts';
import type { HttpStatus } from './httpResponse.ts';
import { TIMEOUT, toInterrupted } from './interrupted.ts';
import { recordInit, toInitAttributes, toInitMs } from './initSpan.ts';
import { createMessageSpans } from './messageSpans.ts';
import type { MessageEnvironment, MessageSpans } from './messageSpans.ts';
import type { Outcome } from '../../model/outcome.ts';
import { toOrigin } from './origin.ts';
import type { XrayUse } from './origin.ts';
import type { Sampler } from './sampling.ts';

/** The parts of Lambda's context object that are read. */
export interface LambdaContext {
  readonly awsRequestId?: unknown;
  readonly invokedFunctionArn?: unknown;
  readonly functionVersion?: unknown;
  readonly getRemainingTimeInMillis?: unknown;
}

/** One run of the function's handler. */
export interface Invocation {
  /** The context in which the handler runs. */
  readonly context: Context;
  /** What is known of it already; nothing where its trace is not recorded, and nobody else wants to know how it ends. */
  readonly unfinished: StartedInvocation | undefined;
  /** The head of a streamed response is about to be written; gives the one to write. */
  answerHead(head: unknown): unknown;
  /**
   * Ends the span with the handler's result; gives what is to be handed on to the runtime.
   *
   * @param waits the runtime client goes on only when nothing is left to do: the span stays open until `conclude`
   */
  succeed(result: unknown, waits?: boolean): unknown;
  /** Ends the span with what the handler threw. */
  fail(error: unknown, waits?: boolean): void;
  /** Nothing is left to do: ends the span that has waited for that. */
  conclude(): void;
  /** The deadline is near: tells of the span as timed out. Should the handler answer in time, the span ends as any other. */
  tellTimeout(): void;
  /** The deadline is so near that the invocation is counted as timed out. */
  countTimeout(): void;
  /** Ends the span because the runtime client has answered, with nothing, in the handler's place. */
  idle(): void;
  /** Ends the span because the process ends, with a code, and where that is why with an error that nobody has caught. */
  exit(code: number, uncaught: { readonly error: unknown } | undefined): void;
}

/** What invocations need. */
export interface InvocationEnvironment extends Omit<MessageEnvironment, 'follow'> {
  /** Finds out what an event is; may throw on hostile ones. */
  readonly parseTrigger: (event: unknown, lambda: unknown) => Trigger;
  /** X-Ray's header of the invocation under way. */
  readonly readXrayHeader: () => string | undefined;
  /** What becomes of it. */
  readonly xray: XrayUse;
  readonly functionName: string;
  readonly initializationType: string | undefined;
  /** A process of this environment has died before. */
  readonly restarted: boolean;
  /** When the process began, Unix ms. */
  readonly initStartUnixMs: number;
  readonly serverTiming: boolean;
  /** What the handler returns goes to the runtime; otherwise code of the function's own may see it before. */
  readonly completesResults: boolean;
  /** Called when an invocation begins, recorded or not; gives what is told how it has ended. */
  readonly watch?: (() => (outcome: Outcome) => void) | undefined;
  readonly sampler: Sampler;
  readonly held: HeldTraces;
  /** What is told of traces that are not sampled by our own decision. */
  readonly keeps: { readonly errors: boolean; readonly coldStarts: boolean };
  /** What is recorded of payloads, and how. */
  readonly capture: {
    readonly event: boolean;
    readonly result: boolean;
    readonly toText: (payload: unknown) => string;
  };
}

/** Makes the spans of the invocations of this environment. */
export interface Invocations {
  /** The environment is ready: nothing is loaded any more. */
  initialized(): void;
  /** The function's code is being loaded, and the end of it is not going to be told. */
  loading(): void;
  /** A part of the environment's start is over. */
  readonly part: (part: InitPart) => void;
  start(event: unknown, lambda: LambdaContext): Invocation;
}

/**
 * The key under which a context has the message spans of the invocation that is under way in it; a span alone may be the
 * function's own.
 */
export const IN_INVOCATION: symbol = Symbol('clickspan.invocation');

/** An event whose fields cannot even be read. */
const UNREADABLE: Trigger = { kind: KIND_SERVER, attributes: { [FAAS_TRIGGER]: 'other' } };

/** OpenTelemetry's word for an error of which nothing else is known. */
const UNREADABLE_ERROR = '_OTHER';

/** An invocation whose span has been started. */
interface Opened {
  readonly span: Span;
  readonly sampled: boolean;
  readonly startUnixMs: number;
  readonly init: Init | undefined;
  readonly attributes: Attributes;
  readonly trigger: Trigger;
  readonly messages: MessageSpans;
  readonly settled: ((outcome: Outcome) => void) | undefined;
}

/** Makes the source of invocations; there is one in each environment. */
export function createInvocations(environment: InvocationEnvironment): Invocations {
  const { tracer, now, guard, sampler, held, capture } = environment;
  const environmentStart = createEnvironmentStart(environment);
  const toInvocationAttributes = createInvocationAttributes();

  /** A caller's span with the flags that we follow, and whether they are our own. */
  const decide = (caller: SpanContext, fromOutside: boolean): { parent: SpanContext; ours: boolean } => {
    const { sampled, ours } = sampler.decide(caller, fromOutside);
    const others = caller.traceFlags & ~FLAG_SAMPLED;
    return { parent: { ...caller, traceFlags: others | (sampled ? FLAG_SAMPLED : 0) }, ours };
  };
  const follow: MessageEnvironment['follow'] = (sender, fromOutside) => decide(sender, fromOutside).parent;
  const readXray = (): SpanContext | undefined =>
    environment.xray === 'off' ? undefined : parseXrayHeader(environment.readXrayHeader());

  return {
    initialized: () => environmentStart.initialized(),
    loading: () => environmentStart.loading(),
    part: (part) => environmentStart.part(part),
    start(event, lambda) {
      const startUnixMs = now();
      const settled = environment.watch?.();
      const init = environmentStart.invoke(startUnixMs);
      const cold = init?.cold === true;
      const trigger = guard(() => environment.parseTrigger(event, lambda)) ?? UNREADABLE;
      const { caller, links } = toOrigin(trigger, guard(readXray), environment.xray);
      const { parent, ours } = caller
        ? decide(caller, trigger.fromOutside === true)
        : { parent: undefined, ours: true };
      const remote = parent ? withSpan(ROOT_CONTEXT, createSilentSpan(parent)) : ROOT_CONTEXT;
      // Where nobody waited for it, it is no part of this trace.
      if (init && !cold) links.push(...recordInit(tracer, init, ROOT_CONTEXT));
      const attributes = { ...trigger.attributes, ...toInvocationAttributes(lambda, cold) };
      if (init) Object.assign(attributes, toInitAttributes(init));
      const name = trigger.name ?? environment.functionName;
      const { kind } = trigger;
      const startSpan = (): Span =>
        tracer.startSpan(name, { kind, startTime: startUnixMs, links, attributes }, remote);
      const isHeld = ours && sampler.holds;
      const span = isHeld ? held.startHeld(startSpan) : startSpan();
      const spanContext = span.spanContext();
      const sampled = (spanContext.traceFlags & FLAG_SAMPLED) !== 0;
      if (isHeld && !sampled) held.hold(spanContext.traceId);
      const messages = createMessageSpans({ ...environment, follow }, span);
      const context = withSpan(ROOT_CONTEXT, span).setValue(IN_INVOCATION, messages);
      // Beside the invocation, unless the trace begins here: a trace has one root.
      if (init && cold) recordInit(tracer, init, parent ? remote : context);
      const isRecorded = span.isRecording();
      if (isRecorded && capture.event) guard(() => span.setAttribute(CLICKSPAN_EVENT, capture.toText(event)));
      const parentSpanId = parent?.spanId ?? '';
      return {
        context,
        unfinished:
          isRecorded || settled
            ? {
                name,
                kind,
                startUnixMs,
                context: spanContext,
                parentSpanId,
                attributes,
                links,
                recorded: isRecorded,
              }
            : undefined,
        ...createEndings(environment, {
          span,
          sampled,
          startUnixMs,
          init,
          attributes,
          trigger,
          messages,
          settled,
        }),
      };
    },
  };
}

/** Makes the ways in which an invocation can end. */
function createEndings(
  environment: InvocationEnvironment,
  { span, sampled, startUnixMs, init, attributes, trigger, messages, settled }: Opened,
): Omit<Invocation, 'context' | 'unfinished'> {
  const { now, guard, held, keeps, capture, serverTiming, completesResults, tellInterrupted } = environment;
  const cold = init?.cold === true;
  const { answer, batch } = trigger;
  let failed = false;
  let errorType: string | undefined;
  let counted = false;
  let pending: (() => void) | undefined;
  let head: { readonly given: unknown } | undefined;
  const setError = (type: string, message?: string): void => {
    failed = true;
    errorType = type;
    span.setAttribute(ERROR_TYPE, type);
    span.setStatus({ code: STATUS_ERROR, ...(message && { message }) });
  };
  const describeError = (error: unknown): void => {
    failed = true;
    errorType = UNREADABLE_ERROR;
    span.setStatus({ code: STATUS_ERROR });
    guard(() => {
      const { 'exception.type': type, 'exception.message': message } = toMaskedException(error);
      setError(typeof type === 'string' && type ? type : typeof error, message as string | undefined);
      if (error !== undefined) span.recordException(error as Error);
    });
  };
  const setHttpStatus = (status: HttpStatus): void => {
    if (status === 'unknown') return;
    if (status === 'malformed') return setError('malformed_response');
    span.setAttribute(HTTP_RESPONSE_STATUS_CODE, status);
    // A client's error is no error of the server's.
    if (status >= 500) setError(String(status));
  };
  /** The messages that the function has given back; the invocation itself has not failed. */
  const settleMessages = (failures: readonly (string | undefined)[]): void => {
    if (failures.length > 0) {
      failed = true;
      span.setAttribute(CLICKSPAN_BATCH_FAILURES, failures.length);
    }
    messages.settle(failures);
  };
  const isKept = (): boolean => (failed && keeps.errors) || (cold && keeps.coldStarts);
  const count = (endUnixMs: number, error: string | undefined, timedOut = false): void => {
    if (counted) return;
    counted = true;
    settled?.({ attributes, startUnixMs, endUnixMs, errorType: error, timedOut });
  };
  const end = (endUnixMs = now()): void => {
    const open = span.isRecording();
    span.end(endUnixMs);
    if (open && !sampled) held.settle(span.spanContext().traceId, isKept());
    count(endUnixMs, errorType);
  };
  const toTiming = (endUnixMs?: number): string => {
    const spanContext = span.spanContext();
    const initMs = init && toInitMs(init);
    const isTold = sampled || (span.isRecording() && isKept());
    return toServerTiming({
      context: isTold ? { ...spanContext, traceFlags: spanContext.traceFlags | FLAG_SAMPLED } : spanContext,
      coldStartMs: cold ? initMs : undefined,
      initMs,
      handlerMs: endUnixMs && endUnixMs - startUnixMs,
    });
  };
  return {
    answerHead(given) {
      head = { given };
      return answer && serverTiming ? addServerTimingToHead(given, toTiming(), answer) : given;
    },
    succeed(result, waits = false) {
      const endUnixMs = now();
      const describe = (): void => {
        // A streamed response is told by its head; what the handler returns goes nowhere.
        if (answer) guard(() => setHttpStatus(toHttpStatus(head ? head.given : result, answer)));
        guard(() => settleMessages(batch ? readBatchFailures(result) : []));
        if (capture.result && span.isRecording())
          guard(() => span.setAttribute(CLICKSPAN_RESULT, capture.toText(result)));
      };
      if (!waits) describe();
      const timing = answer && serverTiming ? toTiming(endUnixMs) : undefined;
      if (!waits) end(endUnixMs);
      else
        pending = () => {
          describe();
          end();
        };
      if (!timing || !answer) return result;
      return addServerTiming(result, timing, { answer, completes: completesResults });
    },
    fail(error, waits = false) {
      describeError(error);
      guard(() => messages.settle([]));
      if (waits) pending = end;
      else end();
    },
    conclude() {
      pending?.();
      pending = undefined;
    },
    tellTimeout() {
      const told = toInterrupted(span, now(), true);
      if (!told) return;
      if (!sampled && (keeps.errors || isKept())) held.keep(span.spanContext().traceId);
      tellInterrupted(told);
      guard(() => messages.tellInterrupted());
    },
    countTimeout: () => count(now(), TIMEOUT, true),
    idle() {
      span.setAttribute(CLICKSPAN_END_REASON, 'idle');
      guard(() => messages.abandon('idle'));
      end();
    },
    exit(code, uncaught) {
      span.setAttribute(CLICKSPAN_END_REASON, 'exit');
      if (uncaught) describeError(uncaught.error);
      else setError('Runtime.ExitError', `The process ended inside the handler, with exit status ${code}.`);
      guard(() => messages.abandon('exit', 'Runtime.ExitError'));
      end();
    },
  };
}

/** Makes what tells which invocation of which function it is; the function's part is the same for nearly all. */
function createInvocationAttributes(): (lambda: LambdaContext, cold: boolean) => Attributes {
  let known: { readonly arn: string; readonly version: unknown; readonly attributes: Attributes } | undefined;
  return ({ awsRequestId, invokedFunctionArn: arn, functionVersion: version }, cold) => {
    const attributes: Attributes = { [CLICKSPAN_SPAN_TYPE]: 'invocation', [FAAS_COLDSTART]: cold };
    if (typeof awsRequestId === 'string') attributes[FAAS_INVOCATION_ID] = awsRequestId;
    if (typeof arn !== 'string') return attributes;
    if (known?.arn !== arn || known.version !== version)
      known = { arn, version, attributes: toFunctionAttributes(arn, version) };
    return Object.assign(attributes, known.attributes);
  };
}

function toFunctionAttributes(arn: string, version: unknown): Attributes {
  const attributes: Attributes = { [AWS_LAMBDA_INVOKED_ARN]: arn };
  // arn:aws:lambda:region:account:function:name[:alias or version]
  const parts = arn.split(':');
  if (parts.length < 7) return attributes;
  attributes[CLOUD_ACCOUNT_ID] = parts[4];
  const qualifier = parts.length > 7 && typeof version === 'string' ? [version] : [];
  attributes[CLOUD_RESOURCE_ID] = [...parts.slice(0, 7), ...qualifier].join(':');
  return attributes;
}
