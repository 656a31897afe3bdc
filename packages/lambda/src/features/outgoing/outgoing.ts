import type { Span, Tracer } from '@opentelemetry/api';
import type { Guard } from '../../platform/guard.ts';
import type { ActiveContext } from '../../platform/activeContext.ts';
import type { CallRecord } from './openCalls.ts';

/** What the observers of outgoing calls need. */
export interface OutgoingEnvironment {
  readonly tracer: Tracer;
  readonly contexts: ActiveContext;
  readonly guard: Guard;
  readonly calls: CallRecord;
  /** Unix ms with fractions. */
  readonly now: () => number;
  /** `host:port` of the Runtime API, whose calls are the platform's and not the function's. */
  readonly runtimeApi: string;
  /** X-Ray's context of this invocation, as the platform tells it. */
  readonly xrayHeader: () => string | undefined;
  /** Services in whose payloads the context is written, since they carry it nowhere else: `eventbridge`, `kinesis`, … */
  readonly contextInPayload: readonly string[];
  /** Told of a call of an AWS SDK that no middleware of ours knows of. */
  readonly onUnknownSdk: () => void;
}

/** While a call with a span of its own is under way, calls beneath it are part of that, and make none. */
export interface Suppression {
  /** Not for ever: what the call leaves behind, as the events of a stream, runs in its context. */
  over: boolean;
  /** The span of the call, and the AWS service that is called where it is one. */
  readonly span: Span;
  readonly service?: string;
}

/** The key of a context's `Suppression`. */
export const SUPPRESSION: symbol = Symbol('clickspan.suppression');
