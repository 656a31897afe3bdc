import type { StartOptions } from '../boot/optionSchema.ts';
import type { Agent } from '../boot/startAgent.ts';
import type { BeforeAction } from '../features/actions/actions.ts';
import type { CustomAction } from '../features/actions/customActions.ts';
import { allFeatures } from '../boot/features.ts';
import { createOpenTelemetryEngine } from '../boot/openTelemetryEngine.ts';
import { startOnce } from '../boot/startOnce.ts';

export { action, setRoute, startAction } from '../boot/runningAgent.ts';
export type { Agent, BeforeAction, CustomAction, StartOptions };

/**
 * Starts tracing the page on OpenTelemetry's SDK. Starting twice is harmless: the page has one agent, and gives it again.
 * Never throws.
 *
 * @param options all of them have a default; see the table in the README
 * @returns the running agent; `undefined` where there is no page, as when rendering on a server
 */
export function start(options: StartOptions = {}): Agent | undefined {
  return typeof window === 'undefined'
    ? undefined
    : startOnce(
        { window, code: options },
        { createEngine: createOpenTelemetryEngine, features: allFeatures },
      );
}
