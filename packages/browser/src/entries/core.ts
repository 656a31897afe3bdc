import type { StartOptions } from '../boot/optionSchema.ts';
import type { Agent } from '../boot/startAgent.ts';
import { toFeatures, type NamedFeature } from '../boot/namedFeature.ts';
import { createOwnEngine } from '../boot/ownEngine.ts';
import { startOnce } from '../boot/startOnce.ts';
import { observeInput } from '../features/actions/observeInput.ts';
import { observeRoutes } from '../features/actions/observeRoutes.ts';
import { startLoad } from '../features/actions/startLoad.ts';
import { observeAwaits } from '../features/context/awaitSource.ts';
import { observeErrors } from '../features/errors/observeErrors.ts';
import { joinGlobalApi } from '../features/openTelemetry/joinGlobalApi.ts';
import { observeBeacons } from '../features/requests/observeBeacons.ts';
import { observeEventSources, observeWebSockets } from '../features/requests/observeConnections.ts';
import { observeFetch } from '../features/requests/observeFetch.ts';
import { observeXhr } from '../features/requests/observeXhr.ts';
import { observeLongFrames } from '../features/vitals/observeLongFrames.ts';
import { observeVitals } from '../features/vitals/observeVitals.ts';

export { action, setRoute, startAction } from '../boot/runningAgent.ts';
export type { Agent, NamedFeature, StartOptions };

export const awaitFeature: NamedFeature = { name: 'await', start: observeAwaits };
export const loadFeature: NamedFeature = { name: 'load', start: startLoad };
export const clickFeature: NamedFeature = { name: 'click', start: observeInput };
export const routeFeature: NamedFeature = { name: 'route', start: observeRoutes };
export const fetchFeature: NamedFeature = { name: 'fetch', start: observeFetch };
export const xhrFeature: NamedFeature = { name: 'xhr', start: observeXhr };
export const errorFeature: NamedFeature = { name: 'error', start: observeErrors };
export const apiFeature: NamedFeature = { name: 'api', start: joinGlobalApi };
export const beaconFeature: NamedFeature = { name: 'beacon', start: observeBeacons };
export const eventsourceFeature: NamedFeature = { name: 'eventsource', start: observeEventSources };
export const websocketFeature: NamedFeature = { name: 'websocket', start: observeWebSockets };
export const vitalsFeature: NamedFeature = { name: 'vitals', start: observeVitals };
export const framesFeature: NamedFeature = { name: 'frames', start: observeLongFrames };

/**
 * Starts tracing the page with the given features alone; a bundler leaves the others out. Starting twice is harmless: the
 * page has one agent, and gives it again. Never throws.
 *
 * @param options as of `start()` from `@clickspan/browser`; `features` can switch off some of those given
 * @param features such as `[clickFeature, fetchFeature]`; they start in this order
 * @returns the running agent; `undefined` where there is no page, as when rendering on a server
 */
export function start(options: StartOptions, features: readonly NamedFeature[]): Agent | undefined {
  return typeof window === 'undefined'
    ? undefined
    : startOnce({ window, code: options }, { createEngine: createOwnEngine, features: toFeatures(features) });
}
