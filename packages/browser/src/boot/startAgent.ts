import type { Attributes, TracerProvider } from '@opentelemetry/api';
import type { CustomAction } from '../features/actions/customActions.ts';
import { observeCallbackSources } from '../features/context/callbackSources.ts';
import { createFollow, observePromiseSources } from '../features/context/promiseSources.ts';
import { observePageLife } from '../platform/pageLife.ts';
import { createWarn } from '../platform/warn.ts';
import { createCore, readStartOptions, type Core, type StartSources } from './core.ts';
import type { CreateEngine } from './engine.ts';
import type { Feature } from './features.ts';
import { FEATURES } from './optionSchema.ts';

/** A running agent. */
export interface Agent {
  /** For spans of one's own; implements the OpenTelemetry API. */
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
    run<T>(name: string, run: () => T): T;
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
  /** Takes everything back that was wrapped, ends what is open and sends it. */
  stop(): void;
}

/** What an edition is made of. */
export interface Edition {
  readonly createEngine: CreateEngine;
  readonly features: Readonly<Record<string, Feature>>;
}

/**
 * Puts the agent together and starts it.
 */
export function startAgent(sources: StartSources, { createEngine, features }: Edition): Agent {
  const warn = createWarn();
  const options = readStartOptions(sources, warn);
  if (!options.features.every((name) => FEATURES.includes(name))) {
    warn(`features may be any of ${FEATURES.join(', ')}; others are ignored.`);
  }
  const core = createCore(sources.window, options, warn, createEngine);
  const stops = observePage(core, features);
  return {
    tracerProvider: core.tracerProvider,
    action: { run: core.customActions.runAction },
    startAction: core.customActions.startAction,
    setRoute(pattern) {
      core.guard(() => core.actions.setRoute(pattern));
    },
    recordError(error, attributes) {
      core.guard(() => core.errors?.record(error, attributes));
    },
    flush() {
      core.guard(() => core.requests.endAnswered());
      return core.exporter.flush();
    },
    stop() {
      for (const stop of [...stops, core.stop]) core.guard(stop);
      core.guard(() => endAll(core, 'stop'));
      void core.exporter.flush();
    },
  };
}

function endAll({ requests, actions }: Core, reason: string): void {
  requests.endAll(reason);
  actions.endAll(reason);
}

/** Starts observing; the returned functions end it. */
function observePage(core: Core, features: Edition['features']): (() => void)[] {
  const { options, guard } = core;
  const wanted = Object.keys(features).filter((name) => options.features.includes(name));
  const observers = [observeContext, ...wanted.map((name) => features[name]!), observeLife];
  // One that fails leaves the others at work.
  return observers.flatMap((observe) => guard(() => observe(core)) ?? []);
}

/** Keeps the context through everything that calls back. */
const observeContext: Feature = ({ window, current, guard, actions, follow }) => {
  const stops = [
    observeCallbackSources({
      window,
      current,
      expect(context, delayMs) {
        guard(() => actions.of(context)?.expect(delayMs));
      },
    }),
    observePromiseSources(window, follow, createFollow(current)),
  ];
  return () => stops.forEach((stop) => stop());
};

/** Sends what there is when the page may be gone soon. It is the last to be stopped. */
const observeLife: Feature = (core) =>
  observePageLife(core.window, core.listen, {
    onHidden() {
      core.requests.endAnswered();
      core.actions.endQuiet();
      core.exporter.flushOnExit(false);
    },
    onExit() {
      endAll(core, 'pagehide');
      core.exporter.flushOnExit(true);
    },
  });
