import type { TracerProvider } from '@opentelemetry/api';
import { createIdSource } from '@clickspan/shared/ids';
import { readOptions } from '@clickspan/shared/options';
import { createTracerProvider } from '@clickspan/shared/tracer';
import { createActions, type Actions } from '../features/actions/actions.ts';
import { observeClicks } from '../features/actions/observeClicks.ts';
import { observeRoutes } from '../features/actions/observeRoutes.ts';
import { startLoad } from '../features/actions/startLoad.ts';
import { observeCallbackSources } from '../features/context/callbackSources.ts';
import { createCurrentContext, type CurrentContext } from '../features/context/currentContext.ts';
import { createFollow, observePromiseSources } from '../features/context/promiseSources.ts';
import { observeFetch } from '../features/requests/observeFetch.ts';
import { observeXhr } from '../features/requests/observeXhr.ts';
import { createPropagation } from '../features/requests/propagation.ts';
import { createResourceTimings } from '../features/requests/resourceTimings.ts';
import { createRequests, type Requests } from '../features/requests/trackRequests.ts';
import { toPageResource } from '../features/trace/pageResource.ts';
import { shouldSample } from '../features/trace/sampleTrace.ts';
import { createExporter, type Exporter } from '../features/transport/exporter.ts';
import { createClock, type Clock } from '../platform/clock.ts';
import { createGuard, type Guard } from '../platform/guard.ts';
import { createListen, type Listen } from '../platform/listen.ts';
import { observePageLife } from '../platform/pageLife.ts';
import { createPost } from '../platform/post.ts';
import { observeResourceEntries } from '../platform/resourceEntries.ts';
import { createAfterMicrotasks, createTaskEnd } from '../platform/taskEnd.ts';
import { createAfter, type After } from '../platform/timers.ts';
import { createWarn } from '../platform/warn.ts';
import { VERSION } from '../version.ts';
import { FEATURES, optionSchema, type Options, type StartOptions } from './optionSchema.ts';

/** A running agent. */
export interface Agent {
  /** For spans of one's own; implements the OpenTelemetry API. */
  readonly tracerProvider: TracerProvider;
  /** Sends what has been recorded; resolves when that has been answered or has failed, never rejects. */
  flush(): Promise<void>;
  /** Takes everything back that was wrapped, ends what is open and sends it. */
  stop(): void;
}

/** Where the agent is started. */
export interface StartSources {
  readonly window: Window & typeof globalThis;
  readonly code?: StartOptions | undefined;
  /** The script tag's attributes. */
  readonly attribute?: (name: string) => string | null;
}

/** What every part is given; the one place where features meet. */
interface Core {
  readonly window: Window & typeof globalThis;
  readonly options: Options;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly after: After;
  readonly listen: Listen;
  readonly current: CurrentContext;
  readonly tracerProvider: TracerProvider;
  readonly exporter: Exporter;
  readonly actions: Actions;
  readonly requests: Requests;
}

/**
 * Puts the agent together and starts it. What it takes of the page's functions it takes before any is wrapped.
 */
export function startAgent(sources: StartSources): Agent {
  const core = createCore(sources);
  const stops = observePage(core);
  return {
    tracerProvider: core.tracerProvider,
    flush: () => core.exporter.flush(),
    stop() {
      for (const stop of stops) core.guard(stop);
      core.guard(() => endAll(core, 'stop'));
      void core.exporter.flush();
    },
  };
}

function endAll({ requests, actions }: Core, reason: string): void {
  requests.endAll(reason);
  actions.endAll(reason);
}

/** Makes all parts, without effects on the page. */
function createCore({ window, code, attribute = () => null }: StartSources): Core {
  const warn = createWarn();
  const options = readOptions(optionSchema, { environment: attribute, code, warn });
  if (!options.endpoint) warn('No endpoint is set: requests are stamped, nothing is sent.');
  if (!options.features.every((name) => FEATURES.includes(name))) {
    warn(`features may be any of ${FEATURES.join(', ')}; others are ignored.`);
  }
  const guard = createGuard((error) => warn(`An error of our own was caught: ${String(error)}`));
  const clock = createClock(window.performance);
  const current = createCurrentContext({
    createTaskEnd: (run) => createTaskEnd(window, run),
    afterMicrotasks: createAfterMicrotasks(window),
    onTaskEnd(context) {
      guard(() => actions.of(context)?.touch());
    },
  });
  const after = createAfter(window);
  const surroundings = { window, options, warn, guard, clock, after, current };
  const exporter = createExporter({
    ...surroundings,
    resource: toPageResource(window, options, VERSION),
    post: createPost(window),
    random: Math.random,
  });
  const tracerProvider = createTracerProvider({
    clock: clock.now,
    ids: createIdSource((bytes) => window.crypto.getRandomValues(bytes)),
    activeContext: current.get,
    runWith: current.runWith,
    onEnd(span) {
      guard(() => exporter.add(span));
    },
    sample: (traceId) => shouldSample(traceId, options.sampleRatio),
  });
  const traced = { ...surroundings, tracer: tracerProvider.getTracer('@clickspan/browser', VERSION) };
  const actions = createActions(traced);
  const pageOrigin = window.location.origin;
  const requests = createRequests({
    ...traced,
    pageOrigin,
    ownerOf: actions.of,
    shouldPropagate: createPropagation(options, pageOrigin, warn),
    timings: createResourceTimings({ clock, observe: (onEntry) => observeResourceEntries(window, onEntry) }),
  });
  return { ...surroundings, listen: createListen(guard), tracerProvider, exporter, actions, requests };
}

/** Starts observing; the returned functions end it. */
function observePage(core: Core): (() => void)[] {
  const { window, options, guard, listen, current, exporter, actions, requests } = core;
  const follow = createFollow(current, (context) => {
    const release = guard(() => actions.of(context)?.hold());
    return () => {
      guard(() => release?.());
    };
  });
  const observers: Record<string, () => (() => void) | undefined> = {
    callbacks: () =>
      observeCallbackSources({
        window,
        current,
        expect(context, delayMs) {
          guard(() => actions.of(context)?.expect(delayMs));
        },
      }),
    promises: () => observePromiseSources(window, follow, createFollow(current)),
    load: () => startLoad(core),
    click: () => observeClicks(core),
    route: () => observeRoutes(core),
    fetch: () => observeFetch({ ...core, follow }),
    xhr: () => observeXhr(core),
    // Last, so that it is the last to be stopped.
    life: () =>
      observePageLife(window, listen, {
        onHidden() {
          requests.endAnswered();
          actions.endQuiet();
          exporter.flushOnExit(false);
        },
        onExit() {
          endAll(core, 'pagehide');
          exporter.flushOnExit(true);
        },
      }),
  };
  // One that fails leaves the others at work.
  return Object.entries(observers).flatMap(
    ([name, observe]) =>
      ((options.features.includes(name) || !FEATURES.includes(name)) && guard(observe)) || [],
  );
}
