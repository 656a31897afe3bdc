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
import type { Core } from './core.ts';

/** Something that the agent observes: starts, and gives what ends it, in one or more parts. */
export type Feature = (core: Core) => (() => void) | readonly (() => void)[] | undefined;

/** All features by their names in the option `features`, in the order in which they start; each is also an export of `entries/core.ts`. */
export const allFeatures: Readonly<Record<string, Feature>> = {
  await: observeAwaits,
  load: startLoad,
  click: observeInput,
  route: observeRoutes,
  fetch: observeFetch,
  xhr: observeXhr,
  error: observeErrors,
  api: joinGlobalApi,
  beacon: observeBeacons,
  eventsource: observeEventSources,
  websocket: observeWebSockets,
  vitals: observeVitals,
  frames: observeLongFrames,
};
