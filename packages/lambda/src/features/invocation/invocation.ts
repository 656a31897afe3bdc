import {
  AWS_LAMBDA_INVOKED_ARN,
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
import {
  KIND_INTERNAL,
  KIND_SERVER,
  STATUS_ERROR,
  createSilentSpan,
  toExceptionAttributes,
} from '@clickspan/shared/tracer';
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { Guard } from '../../platform/guard.ts';
import type { Trigger } from '../triggers/trigger.ts';
import { createEnvironmentStart } from './environmentStart.ts';
import { addServerTiming, toHttpStatus } from './httpResponse.ts';

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
  /** Ends the span with the handler's result; gives what is to be handed on to the runtime. */
  succeed(result: unknown): unknown;
  /** Ends the span with what the handler threw. */
  fail(error: unknown): void;
  /** Ends the span because the deadline is near; whatever comes afterwards changes nothing. */
  timeOut(): void;
}

/** What invocations need. */
export interface InvocationEnvironment {
  readonly tracer: Tracer;
  /** Unix ms with fractions. */
  readonly now: () => number;
  readonly guard: Guard;
  /** Finds out what an event is; may throw on hostile ones. */
  readonly parseTrigger: (event: unknown) => Trigger;
  readonly functionName: string;
  readonly initializationType: string | undefined;
  /** When the process began, Unix ms. */
  readonly initStartUnixMs: number;
  readonly serverTiming: boolean;
  /** What the handler returns goes to the runtime; otherwise code of the function's own may see it before. */
  readonly completesResults: boolean;
}

/** Makes the spans of the invocations of this environment. */
export interface Invocations {
  /** The environment is ready: nothing is loaded any more. */
  initialized(): void;
  /** The function's code is being loaded, and the end of it is not going to be told. */
  loading(): void;
  start(event: unknown, lambda: LambdaContext): Invocation;
}

/** The key of a context's mark that an invocation is under way in it; a span alone may be the function's own. */
export const IN_INVOCATION: symbol = Symbol('clickspan.invocation');

/** An event whose fields cannot even be read. */
const UNREADABLE: Trigger = { kind: KIND_SERVER, attributes: { [FAAS_TRIGGER]: 'other' } };

/** Makes the source of invocations; there is one in each environment. */
export function createInvocations(environment: InvocationEnvironment): Invocations {
  const { tracer, now, guard, initStartUnixMs } = environment;
  const environmentStart = createEnvironmentStart(environment);

  const recordInit = (parent: Context, endUnixMs: number): void => {
    const attributes = { [CLICKSPAN_SPAN_TYPE]: 'init' };
    const options = { kind: KIND_INTERNAL, startTime: initStartUnixMs, attributes };
    tracer.startSpan('init', options, parent).end(endUnixMs);
  };

  return {
    initialized: () => environmentStart.initialized(),
    loading: () => environmentStart.loading(),
    start(event, lambda) {
      const startUnixMs = now();
      const { cold, initMs, initEndUnixMs } = environmentStart.invoke(startUnixMs);
      const trigger = guard(() => environment.parseTrigger(event)) ?? UNREADABLE;
      const parent = trigger.parent ? withSpan(ROOT_CONTEXT, createSilentSpan(trigger.parent)) : ROOT_CONTEXT;
      const span = tracer.startSpan(
        trigger.name ?? environment.functionName,
        {
          kind: trigger.kind,
          startTime: startUnixMs,
          links: [...(trigger.links ?? [])],
          attributes: { ...trigger.attributes, ...toInvocationAttributes(lambda, cold) },
        },
        parent,
      );
      const context = withSpan(ROOT_CONTEXT, span).setValue(IN_INVOCATION, true);
      // Beside the invocation, unless the trace begins here: a trace has one root.
      if (cold) recordInit(trigger.parent ? parent : context, initEndUnixMs);

      const toTiming = (endUnixMs: number): string =>
        toServerTiming({
          context: span.spanContext(),
          coldStartMs: cold ? initMs : undefined,
          initMs,
          handlerMs: endUnixMs - startUnixMs,
        });
      const http = trigger.answersHttp === true;
      return {
        context,
        succeed(result) {
          const endUnixMs = now();
          if (http) guard(() => setHttpStatus(span, toHttpStatus(result)));
          span.end(endUnixMs);
          if (!http || !environment.serverTiming) return result;
          return addServerTiming(result, toTiming(endUnixMs), environment.completesResults);
        },
        fail(error) {
          span.setStatus({ code: STATUS_ERROR });
          guard(() => describeError(span, error));
          span.end();
        },
        timeOut() {
          span.setAttribute(ERROR_TYPE, 'timeout');
          span.setStatus({ code: STATUS_ERROR, message: 'The function is about to run into its timeout.' });
          span.end();
        },
      };
    },
  };
}

function toInvocationAttributes(lambda: LambdaContext, cold: boolean): Attributes {
  const { awsRequestId, invokedFunctionArn: arn, functionVersion } = lambda;
  const attributes: Attributes = { [CLICKSPAN_SPAN_TYPE]: 'invocation', [FAAS_COLDSTART]: cold };
  if (typeof awsRequestId === 'string') attributes[FAAS_INVOCATION_ID] = awsRequestId;
  if (typeof arn !== 'string') return attributes;
  attributes[AWS_LAMBDA_INVOKED_ARN] = arn;
  // arn:aws:lambda:region:account:function:name[:alias or version]
  const parts = arn.split(':');
  if (parts.length < 7) return attributes;
  attributes[CLOUD_ACCOUNT_ID] = parts[4];
  const version = parts.length > 7 && typeof functionVersion === 'string' ? [functionVersion] : [];
  attributes[CLOUD_RESOURCE_ID] = [...parts.slice(0, 7), ...version].join(':');
  return attributes;
}

function setHttpStatus(span: Span, status: number | undefined): void {
  if (status !== undefined) span.setAttribute(HTTP_RESPONSE_STATUS_CODE, status);
  // A client's error is no error of the server's.
  if (status !== undefined && status < 500) return;
  span.setAttribute(ERROR_TYPE, String(status ?? 'malformed_response')).setStatus({ code: STATUS_ERROR });
}

function describeError(span: Span, error: unknown): void {
  const { 'exception.type': type, 'exception.message': message } = toExceptionAttributes(error);
  span.setAttribute(ERROR_TYPE, typeof type === 'string' && type ? type : typeof error);
  if (typeof message === 'string') span.setStatus({ code: STATUS_ERROR, message });
  if (error !== undefined) span.recordException(error as Error);
}
