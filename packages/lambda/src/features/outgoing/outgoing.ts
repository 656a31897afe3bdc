import type { Tracer } from '@opentelemetry/api';
import type { Guard } from '../../platform/guard.ts';
import type { ActiveContext } from '../../platform/activeContext.ts';
import type { OpenCalls } from './openCalls.ts';

/** What the observers of outgoing calls need. */
export interface OutgoingEnvironment {
  readonly tracer: Tracer;
  readonly contexts: ActiveContext;
  readonly guard: Guard;
  readonly calls: OpenCalls;
  /** Unix ms with fractions. */
  readonly now: () => number;
  /** `host:port` of the Runtime API, whose calls are the platform's and not the function's. */
  readonly runtimeApi: string;
}

/** While a call with a span of its own is under way, calls beneath it are part of that: they make none, and hand nothing on. */
export interface Suppression {
  /** Not for ever: what the call leaves behind, as the events of a stream, runs in its context. */
  over: boolean;
}

/** The key of a context's `Suppression`. */
export const SUPPRESSION: symbol = Symbol('clickspan.suppression');
