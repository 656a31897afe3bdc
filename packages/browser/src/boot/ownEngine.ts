import { createTracerProvider } from '@clickspan/shared/tracer';
import { describeError, toErrorAttributes } from '../features/errors/describeError.ts';
import type { Engine, EngineDeps } from './engine.ts';

/** The engine of the agent proper: the small tracer of `shared`. */
export function createOwnEngine({ now, ...deps }: EngineDeps): Engine {
  return {
    tracerProvider: createTracerProvider({
      ...deps,
      clock: now,
      describe: (exception) => toErrorAttributes(describeError(exception)),
    }),
  };
}
