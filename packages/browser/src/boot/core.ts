import type { TracerProvider } from '@opentelemetry/api';
import { createIdSource } from '@clickspan/shared/ids';
import { readOptions } from '@clickspan/shared/options';
import { FLAG_SAMPLED } from '@clickspan/shared/traceContext';
import { createActions, type Actions } from '../features/actions/actions.ts';
import { createCustomActions, type CustomActions } from '../features/actions/customActions.ts';
import { createCurrentContext, type CurrentContext } from '../features/context/currentContext.ts';
import { createFollow, type Follow } from '../features/context/promiseSources.ts';
import { createEarlyIds, type EarlyIds } from '../features/early/earlyIds.ts';
import type { ErrorSink } from '../features/errors/observeErrors.ts';
import { toPageResource } from '../features/records/pageResource.ts';
import { createRecordSink, type NewLogRecord } from '../features/records/recordSink.ts';
import { createCorsGuard } from '../features/requests/corsGuard.ts';
import { createPropagation } from '../features/requests/propagation.ts';
import { createResourceTimings } from '../features/requests/resourceTimings.ts';
import { createRequests, type Requests } from '../features/requests/trackRequests.ts';
import { createSession, type Session } from '../features/session/session.ts';
import { createExporter, type Exporter } from '../features/transport/exporter.ts';
import { createAfterLoad, type AfterLoad } from '../platform/afterLoad.ts';
import { createClock, type MovableClock } from '../platform/clock.ts';
import { createGuard, type Guard } from '../platform/guard.ts';
import { createGzip } from '../platform/gzip.ts';
import { createInOneTab } from '../platform/inOneTab.ts';
import { createListen, type Listen } from '../platform/listen.ts';
import { createLocalStore } from '../platform/localStore.ts';
import { createParseUrl, type ParseUrl } from '../platform/parseUrl.ts';
import { observeEntries } from '../platform/performanceEntries.ts';
import { createPost, createPostLater } from '../platform/post.ts';
import { afterMicrotasks, createTaskEnd } from '../platform/taskEnd.ts';
import { createAfter, type After } from '../platform/timers.ts';
import type { Warn } from '../platform/warn.ts';
import { VERSION } from '../version.ts';
import type { CreateEngine } from './engine.ts';
import { lazily } from './lazily.ts';
import { optionSchema, toAttributeName, type Options, type StartOptions } from './optionSchema.ts';

/** Where the agent is started. */
export interface StartSources {
  readonly window: Window & typeof globalThis;
  readonly code?: StartOptions | undefined;
  /** Gives the script tag's attribute that sets an option. */
  readonly attribute?: ((option: string) => string | undefined) | undefined;
}

/** What every feature is given; the one place where features meet. */
export interface Core {
  readonly window: Window & typeof globalThis;
  readonly options: Options;
  readonly warn: Warn;
  readonly guard: Guard;
  readonly clock: MovableClock;
  readonly after: After;
  readonly afterLoad: AfterLoad;
  /** Calls back behind the microtasks that wait by now. */
  readonly afterMicrotasks: (run: () => void) => void;
  readonly listen: Listen;
  readonly parseUrl: ParseUrl;
  readonly current: CurrentContext;
  /** Ties a promise to the current context and keeps its action open. */
  readonly follow: Follow;
  /** The same, and no action stays open for it: it may go on for ever. */
  readonly followLoosely: Follow;
  readonly ids: EarlyIds;
  readonly tracerProvider: TracerProvider;
  readonly actions: Actions;
  readonly customActions: CustomActions;
  readonly requests: Requests;
  /** Records something that happened: an error, an event. */
  readonly emit: (record: NewLogRecord) => void;
  readonly exporter: Exporter;
  /** Set by the feature that records errors, while that is on. */
  errors: ErrorSink | undefined;
  readonly session: Session;
  /** Takes back what making the core has changed. */
  readonly stop: () => void;
  /** Forgets all that was recorded; from now on nothing is recorded, stored or sent. */
  readonly forget: () => void;
}

/** What is on its way when all is forgotten goes nowhere; nobody is to try again. */
const GONE = Promise.resolve({ status: 200, retryAfter: null });

/**
 * Reads the options; what is wrong with them is told.
 *
 * @param known the names of the features that there are
 */
export function readStartOptions(
  { code, attribute = () => undefined }: StartSources,
  warn: Warn,
  known: readonly string[],
): Options {
  const options = readOptions(optionSchema, {
    environment: attribute,
    toEnvironmentName: toAttributeName,
    code,
    warn,
  });
  if (!options.endpoint) warn('No endpoint is set: requests are stamped, nothing is sent.');
  const { features = known } = options;
  if (!features.every((name) => known.includes(name))) {
    warn(`features may be any of ${known.join(', ')}; others are ignored.`);
  }
  // Attributes are changed by `setAttributes()`, and the page's own object is not.
  return { ...options, features, attributes: { ...options.attributes } };
}

/**
 * Makes all parts, without effects on the page. What is taken of its functions is taken before any is wrapped; what the
 * start itself does not use is made when it is first asked for, so features ask for it late.
 */
export function createCore(
  window: Window & typeof globalThis,
  options: Options,
  warn: Warn,
  createEngine: CreateEngine,
  earlySession?: string,
): Core {
  const guard = createGuard((error) => warn(`An error of our own was caught: ${String(error)}`));
  const clock = createClock(window.performance);
  const current = createCurrentContext({
    createTaskEnd: (run) => createTaskEnd(window, run),
    afterMicrotasks,
    onTaskEnd(context) {
      guard(() => actions().endTask(context));
    },
  });
  const after = createAfter(window);
  const parseUrl = createParseUrl(window);
  const surroundings = { window, options, warn, guard, clock, after, parseUrl, current };
  let isForgotten = false;
  const post = createPost(window);
  const postLater = createPostLater(window);
  const gzip = createGzip(window);
  const scope = { name: '@clickspan/browser', version: VERSION };
  const newIds = createIdSource((bytes) => window.crypto.getRandomValues(bytes));
  const ids = createEarlyIds(newIds);

  const local = lazily(() => createLocalStore(window));
  const exporter = lazily(() =>
    createExporter({
      ...surroundings,
      resource: toPageResource(window, options, VERSION),
      post: (request) => (isForgotten ? GONE : post(request)),
      postLater,
      gzip,
      local: local(),
      inOneTab: createInOneTab(window),
      isOffline: () => !window.navigator.onLine,
      random: Math.random,
    }),
  );
  const session = lazily(() =>
    createSession({
      options,
      local: local(),
      now: clock.now,
      createId() {
        const id = newIds.traceId();
        // What the snippet has stamped stays true.
        return earlySession ? id.slice(0, 18) + earlySession.slice(18, 32) : id;
      },
      log: (event) => sink().log(event),
    }),
  );
  const sink = lazily(() =>
    createRecordSink({
      ...surroundings,
      scope,
      attributes: options.attributes,
      beforeSend: options.beforeSend,
      sessionAt: session().idAt,
      isClosed: () => isForgotten,
      send: exporter().add,
      drop: exporter().drop,
    }),
  );
  const engine = createEngine({
    window,
    ids,
    now: clock.now,
    activeContext: current.get,
    // Who awaits a function goes on with the context that was there before it.
    runWith: (context, run) => followLoosely(current.runWith(context, run)),
    sample: () => session().isSampled(),
    onEnd: (span) => sink().span(span),
  });
  const { tracerProvider } = engine;
  const tracer = lazily(() => tracerProvider.getTracer(scope.name, scope.version));
  const actions = lazily(() =>
    createActions({ ...surroundings, tracer: tracer(), onStart: () => session().touch() }),
  );
  const requests = lazily(() => {
    const pageOrigin = window.location.origin;
    return createRequests({
      ...surroundings,
      afterMicrotasks,
      startSpan:
        engine.startRequestSpan ??
        ((_request, name, spanOptions, context) => tracer().startSpan(name, spanOptions, context)),
      pageOrigin,
      ownerOf: actions().of,
      shouldPropagate: createPropagation(options, pageOrigin, warn),
      corsGuard: createCorsGuard({ pageOrigin, navigator: window.navigator, now: clock.now, warn }),
      createTimings: (open) =>
        createResourceTimings(
          {
            clock,
            observe: (onEntry) =>
              observeEntries(
                window,
                guard,
                'resource',
                (entry) => onEntry(entry as PerformanceResourceTiming),
                false,
              ),
          },
          open,
        ),
    });
  });
  const followLoosely = createFollow(current);
  const follow = createFollow(current, (context) => {
    const release = guard(() => actions().of(context)?.hold());
    return () => {
      guard(() => release?.());
    };
  });
  const customActions = lazily(() =>
    createCustomActions({ ...surroundings, actions: actions(), afterMicrotasks, follow }),
  );
  return {
    ...surroundings,
    afterMicrotasks,
    listen: createListen(guard),
    afterLoad: createAfterLoad(window, guard),
    follow,
    followLoosely,
    ids,
    tracerProvider,
    get actions() {
      return actions();
    },
    get customActions() {
      return customActions();
    },
    get requests() {
      return requests();
    },
    emit(record) {
      const { spanContext } = record;
      if (spanContext ? spanContext.traceFlags & FLAG_SAMPLED : session().isSampled()) sink().log(record);
    },
    get exporter() {
      return exporter();
    },
    errors: undefined,
    get session() {
      return session();
    },
    stop: () => engine.stop?.(),
    forget() {
      isForgotten = true;
      session().forget();
      exporter().clear();
    },
  };
}
