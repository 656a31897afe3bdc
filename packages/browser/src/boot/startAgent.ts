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
import { maskUrl } from '../features/requests/maskUrl.ts';
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
import { createTaskEnd } from '../platform/taskEnd.ts';
import { createAfter, type After } from '../platform/timers.ts';
import { createWarn, type Warn } from '../platform/warn.ts';
import { VERSION } from '../version.ts';
import { optionSchema, type Options, type StartOptions } from './optionSchema.ts';

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

const SCOPE = '@clickspan/browser';

/** What every part is given. */
interface Core {
  readonly window: Window & typeof globalThis;
  readonly options: Options;
  readonly warn: Warn;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly after: After;
  readonly listen: Listen;
  readonly current: CurrentContext;
  readonly exporter: Exporter;
  readonly actions: Actions;
  readonly requests: Requests;
  readonly tracerProvider: TracerProvider;
}

/**
 * Puts the agent together and starts it: the one place where its features meet. What is taken of the page's functions is
 * taken before any is wrapped.
 */
export function startAgent(sources: StartSources): Agent {
  const core = createCore(sources);
  const { actions, requests, exporter } = core;
  const stops = observePage(core);
  const endAll = (reason: string): void => {
    requests.endAll(reason);
    actions.endAll(reason);
  };
  return {
    tracerProvider: core.tracerProvider,
    flush: () => exporter.flush(),
    stop() {
      for (const stop of stops) core.guard(stop);
      core.guard(() => endAll('stop'));
      void exporter.flush();
    },
  };
}

function createCore({ window, code, attribute = () => null }: StartSources): Core {
  const warn = createWarn();
  const options = readOptions(optionSchema, { environment: attribute, code, warn });
  if (!options.endpoint) warn('No endpoint is set: requests are stamped, nothing is sent.');
  const guard = createGuard((error) => warn(`An error of our own was caught: ${String(error)}`));
  const clock = createClock(window.performance);
  const after = createAfter(window);
  const current = createCurrentContext({
    createTaskEnd,
    onTaskEnd(context) {
      guard(() => actions.of(context)?.touch());
    },
  });
  const exporter = createExporter({
    tracesUrl: options.endpoint && `${options.endpoint}/v1/traces`,
    headers: options.headers,
    resource: toPageResource(window, options, VERSION),
    post: createPost(window),
    after,
    now: clock.now,
    random: Math.random,
    warn,
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
  const tracer = tracerProvider.getTracer(SCOPE, VERSION);
  const pageUrl = (): string => maskUrl(new URL(window.location.href));
  const actions = createActions({ tracer, now: clock.now, after, pageUrl });
  const requests = createRequests({
    tracer,
    now: clock.now,
    after,
    pageOrigin: window.location.origin,
    context: current.get,
    isUnsure: current.isUnsure,
    ownerOf: actions.of,
    shouldPropagate: createPropagation({
      pageOrigin: window.location.origin,
      to: options.propagateTo,
      neverTo: options.neverPropagateTo,
      sameOrigin: options.propagateSameOrigin,
      warn,
    }),
    timings: createResourceTimings({ clock, observe: (onEntry) => observeResourceEntries(window, onEntry) }),
  });
  return {
    window,
    options,
    warn,
    guard,
    clock,
    after,
    listen: createListen(guard),
    current,
    exporter,
    actions,
    requests,
    tracerProvider,
  };
}

/** Starts observing; the returned functions end it. */
function observePage(core: Core): (() => void)[] {
  const { window, options, guard, clock, listen, current, exporter, actions, requests } = core;
  const has = (feature: string): boolean => options.features.includes(feature);
  const follow = createFollow({
    current,
    hold(context) {
      const release = guard(() => actions.of(context)?.hold());
      return () => {
        guard(() => release?.());
      };
    },
  });
  const onLoad = (has('load') && guard(() => startLoad(core))) || (() => {});
  const leave = (): void => {
    requests.endAnswered();
    actions.endQuiet();
    exporter.flushOnExit();
  };
  const observers: (false | (() => () => void))[] = [
    () =>
      observePageLife(window, listen, {
        onLoad,
        onHidden: leave,
        onExit() {
          requests.endAll('pagehide');
          actions.endAll('pagehide');
          exporter.flushOnExit();
        },
      }),
    () =>
      observeCallbackSources({
        window,
        current,
        expect(context, delayMs) {
          guard(() => actions.of(context)?.expect(delayMs));
        },
      }),
    () => observePromiseSources(window, follow),
    has('click') && (() => observeClicks(core)),
    has('route') && (() => observeRoutes({ ...core, now: clock.now })),
    has('fetch') && (() => observeFetch({ window, guard, requests, follow })),
    has('xhr') && (() => observeXhr({ window, guard, listen, requests, current })),
  ];
  // One that fails leaves the others at work.
  return observers.flatMap((observe) => (observe && guard(observe)) || []);
}
