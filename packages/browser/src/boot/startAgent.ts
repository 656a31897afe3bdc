import type { Attributes, TracerProvider } from '@opentelemetry/api';
import type { CustomAction } from '../features/actions/customActions.ts';
import { observeCallbackSources } from '../features/context/callbackSources.ts';
import { observeDatabases } from '../features/context/databaseSource.ts';
import { observeMessages } from '../features/context/messageSources.ts';
import { observePromiseSources } from '../features/context/promiseSources.ts';
import { toElementName } from '../features/actions/elementName.ts';
import { adoptEarly, takeEarly, type TakenEarly } from '../features/early/adoptEarly.ts';
import { observePageLife } from '../platform/pageLife.ts';
import { createWarn } from '../platform/warn.ts';
import { createLastingTracers } from '../features/trace/lastingTracers.ts';
import { createCore, readStartOptions, type Core, type StartSources } from './core.ts';
import type { CreateEngine } from './engine.ts';
import type { Feature } from './features.ts';

/** The page's agent. */
export interface Agent {
  /** For spans of one's own; implements the OpenTelemetry API. While the agent does not run, they are not recorded. */
  readonly tracerProvider: TracerProvider;
  readonly action: {
    /**
     * Runs a function as an action of its own, which lasts until what it has caused is done. Its requests belong to the
     * action, those behind an `await` included.
     *
     * @param name what the action is called; the same for all that do the same
     * @returns what the function gives
     * @throws what the function throws
     */
    readonly run: <T>(name: string, run: () => T) => T;
  };
  /**
   * Starts an action of its own that lasts until `end()` is called and what it has caused is done, at most 30 s. What is
   * to belong to it is called by `run(…)`; `span` takes attributes and events of one's own.
   */
  startAction(name: string, attributes?: Attributes): CustomAction;
  /**
   * Tells the pattern of the route that the page shows now, such as `/orders/:id`, when its address has changed: it names
   * the action that led there, and stands on the actions that follow.
   */
  setRoute(pattern: string): void;
  /**
   * Records an error that the page has caught itself, with the action in which it happened.
   *
   * @param error whatever was thrown
   * @param attributes what else is to be known of it
   */
  recordError(error: unknown, attributes?: Attributes): void;
  /** Sends what has been recorded; resolves when that has been answered or has failed, never rejects. */
  flush(): Promise<void>;
  /**
   * Puts attributes on every record from now on.
   *
   * @param attributes added to those that there are; `undefined` takes one away
   */
  setAttributes(attributes: Attributes): void;
  /**
   * Says whether the user agrees to being recorded. With it the agent starts anew. Without it the agent stops, and all that
   * was recorded and stored and has not been sent is gone. Remembering the choice is the page's part.
   */
  consent(given: boolean): void;
  /** Takes everything back that was wrapped, ends what is open and sends it, for good. */
  stop(): void;
}

/** What an edition is made of. */
export interface Edition {
  readonly createEngine: CreateEngine;
  readonly features: Readonly<Record<string, Feature>>;
}

/** What runs while the user agrees. */
interface Run {
  readonly core: Core;
  readonly stops: readonly (() => void)[];
}

/**
 * Puts the agent together, and starts it unless the user's consent is to be waited for.
 */
export function startAgent(sources: StartSources, { createEngine, features }: Edition): Agent {
  const warn = createWarn();
  const options = readStartOptions(sources, warn, Object.keys(features));
  // Before anything is taken of the browser's functions. What was kept in spite of a consent that is asked for is forgotten.
  const early = takeEarly(sources.window);
  const toCore = (): Core => createCore(sources.window, options, warn, createEngine, early?.session);
  let run: Run | undefined;
  let isStopped = false;

  const begin = (adopted?: TakenEarly): void => {
    if (run || isStopped) return;
    const core = toCore();
    run = { core, stops: observePage(core, features, adopted) };
  };
  const end = ({ core, stops }: Run): void => {
    run = undefined;
    core.current.settle();
    for (const stop of [...stops, core.stop]) core.guard(stop);
    core.guard(() => endAll(core, 'stop'));
  };

  const withCore = (use: (core: Core) => void): void => {
    if (!run) return;
    const { core } = run;
    core.current.settle();
    core.guard(() => use(core));
  };
  const tracerProvider = createLastingTracers(() => run?.core.tracerProvider);

  if (options.consent === 'implied') begin(early);
  return {
    tracerProvider,
    action: {
      run: (name, task) => (run ? run.core.customActions.runAction(name, task) : task()),
    },
    startAction: (name, attributes) =>
      run?.core.customActions.startAction(name, attributes) ?? {
        span: tracerProvider.getTracer('').startSpan(name),
        run: (task) => task(),
        end() {},
      },
    setRoute: (pattern) => withCore(({ actions }) => actions.setRoute(pattern)),
    recordError: (error, attributes) => withCore(({ errors }) => errors?.record(error, attributes)),
    async flush() {
      withCore(({ requests }) => requests.endAnswered());
      await run?.core.exporter.flush();
    },
    setAttributes: (attributes) => void Object.assign(options.attributes, attributes),
    consent(given) {
      if (given) return begin();
      // Without a run, an earlier page may have left something.
      const last = run ?? { core: toCore(), stops: [] };
      last.core.forget();
      end(last);
    },
    stop() {
      isStopped = true;
      const last = run;
      if (last) end(last);
      void last?.core.exporter.flush();
    },
  };
}

function endAll({ requests, actions }: Core, reason: string): void {
  requests.endAll(reason);
  actions.endAll(reason);
}

/** Starts observing; the returned functions end it. */
function observePage(
  core: Core,
  features: Edition['features'],
  early: TakenEarly | undefined,
): (() => void)[] {
  const { options, guard, ids } = core;
  const wanted = Object.keys(features).filter((name) => options.features.includes(name));
  const observers = [observeContext, observeSession, ...wanted.map((name) => features[name]!), observeLife];
  // The load, which is the first of them, has been begun by the snippet.
  ids.give(...(early?.load ?? []));
  // One that fails leaves the others at work.
  const stops = observers.flatMap((observe) => guard(() => observe(core)) ?? []);
  if (early) {
    core.current.settle();
    guard(() => adoptEarly({ ...core, toElementName }, early));
  }
  ids.give();
  return stops;
}

/** Keeps the context through everything that calls back. */
const observeContext: Feature = (core) => {
  const { window, current, guard, listen, follow, followLoosely } = core;
  return [
    ...observeCallbackSources({
      window,
      current,
      expect(context, delayMs) {
        guard(() => core.actions.of(context)?.expect(delayMs));
      },
    }),
    ...observePromiseSources(window, follow, followLoosely),
    ...observeMessages({ window, current, listen }),
    ...observeDatabases(window, current, listen),
  ];
};

/** Begins the session as soon as more urgent work is done. */
const observeSession: Feature = (core) => core.after(0, () => core.guard(() => core.session.begin()));

/** Sends what there is when the page may be gone soon. It is the last to be stopped. */
const observeLife: Feature = (core) =>
  observePageLife(core.window, core.listen, {
    onHidden() {
      core.current.settle();
      core.session.save();
      core.requests.endAnswered();
      core.actions.endAll();
      core.exporter.flushOnExit(false);
    },
    onExit() {
      core.current.settle();
      endAll(core, 'pagehide');
      core.exporter.flushOnExit(true);
    },
    onRestored: () => core.exporter.onRestored(),
  });
