import { ROOT_CONTEXT, withSpan } from '@clickspan/shared/context';
import { createIdSource } from '@clickspan/shared/ids';
import { createTracerProvider, toExceptionAttributes } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import type { Span, TracerProvider } from '@opentelemetry/api';
import { createOpenCalls } from '../../packages/lambda/src/features/outgoing/openCalls.ts';
import type { OutgoingEnvironment } from '../../packages/lambda/src/features/outgoing/outgoing.ts';
import { createActiveContext } from '../../packages/lambda/src/platform/activeContext.ts';

/** What observers of outgoing calls need, with the real tracer, and what came of it. */
export interface TestOutgoing {
  readonly environment: OutgoingEnvironment;
  readonly provider: TracerProvider;
  readonly ended: EndedSpan[];
  /** Faults of the agent, which a function would never see. */
  readonly faults: unknown[];
  readonly invocation: Span;
  readonly inInvocation: <T>(run: () => T) => T;
}

/** Makes an environment of its own for one test file. */
export function createTestOutgoing(options: Partial<OutgoingEnvironment> = {}): TestOutgoing {
  const contexts = createActiveContext();
  const ended: EndedSpan[] = [];
  const faults: unknown[] = [];
  const provider = createTracerProvider({
    clock: Date.now,
    ids: createIdSource((bytes) => crypto.getRandomValues(bytes)),
    activeContext: () => contexts.active(),
    runWith: contexts.run,
    describe: toExceptionAttributes,
    onEnd: (span) => ended.push(span),
  });
  const tracer = provider.getTracer('test');
  const invocation = tracer.startSpan('invocation', {}, ROOT_CONTEXT);
  return {
    provider,
    ended,
    faults,
    invocation,
    inInvocation: (run) => contexts.run(withSpan(ROOT_CONTEXT, invocation), run),
    environment: {
      tracer,
      contexts,
      calls: createOpenCalls(),
      now: Date.now,
      // Nothing listens there, and `fetch` refuses no such port.
      runtimeApi: '127.0.0.1:2',
      xrayHeader: () => undefined,
      contextInPayload: [],
      onUnknownSdk: () => {},
      guard: (run) => {
        try {
          return run();
        } catch (error) {
          faults.push(error);
          return undefined;
        }
      },
      ...options,
    },
  };
}
