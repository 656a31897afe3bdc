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

/** In a context with this key, calls are part of a span that stands already: they make none, and hand nothing on. */
export const SUPPRESSED: symbol = Symbol('clickspan.suppressed');
