import { createIdSource } from '@clickspan/shared/ids';
import { createTracerProvider } from '@clickspan/shared/tracer';
import type { Engine, EngineDeps } from './engine.ts';

/** The engine of the agent proper: the small tracer of `shared`. */
export function createOwnEngine(deps: EngineDeps): Engine {
  const { window, now, activeContext, runWith, sample, onEnd } = deps;
  const ids = createIdSource((bytes) => window.crypto.getRandomValues(bytes));
  return { tracerProvider: createTracerProvider({ clock: now, ids, activeContext, runWith, sample, onEnd }) };
}
