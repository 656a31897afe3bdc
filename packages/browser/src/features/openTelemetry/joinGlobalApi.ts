import type { Context, ContextManager, TracerProvider } from '@opentelemetry/api';

/** What joining needs. */
export interface GlobalApiDeps {
  readonly window: Window;
  readonly tracerProvider: TracerProvider;
  readonly current: {
    readonly get: () => Context;
    readonly runWith: <T>(context: Context, run: () => T) => T;
  };
  /** Ties a promise to the current context; see `createFollow`. */
  readonly followLoosely: <T>(promise: T) => T;
}

/** Where all copies of `@opentelemetry/api` 1.x in a page find what was registered. */
const KEY: unique symbol = Symbol.for('opentelemetry.js.api.1') as never;
/**
 * Copies up to this minor version find us. One that registers something of its own must be of the very version, unless
 * another has registered before: that is the rule of the API, which is why this is the last that SDKs for the web take.
 */
const API_VERSION = '1.9.1';

interface GlobalApi {
  readonly version: string;
  trace?: TracerProvider;
  context?: ContextManager;
}

/**
 * Registers the agent's tracers and context for what the page's own code does with `@opentelemetry/api`, as long as the
 * page registers none itself: a provider or context manager of the page's, before or after, has the place.
 *
 * @returns takes it back; `undefined` where the page has its own
 */
export function joinGlobalApi({
  window,
  tracerProvider,
  current,
  followLoosely,
}: GlobalApiDeps): (() => void) | undefined {
  const holder = window as { [KEY]?: GlobalApi };
  const api = holder[KEY] ?? { version: API_VERSION };
  if (api.trace ?? api.context) return undefined;
  const manager: ContextManager = {
    active: current.get,
    // Who awaits the function goes on with the context that was there before it.
    with: (context, run, self, ...args) =>
      followLoosely(current.runWith(context, () => Reflect.apply(run, self, args))),
    bind: (context, target) =>
      typeof target === 'function'
        ? new Proxy(target, {
            apply: (run, self, args) => manager.with(context, run as never, self, ...(args as never)),
          })
        : target,
    enable: () => manager,
    disable: () => manager,
  };
  const own = { trace: tracerProvider, context: manager };
  let isRegistering = false;

  const leave = (): void => {
    for (const type of Object.keys(own) as (keyof typeof own)[]) {
      if (Object.getOwnPropertyDescriptor(api, type)?.get) delete api[type];
    }
    delete holder[KEY];
    // What else was registered there stays.
    if (Object.keys(api).length > 1) holder[KEY] = api;
  };
  for (const [type, value] of Object.entries(own)) {
    Object.defineProperty(api, type, {
      configurable: true,
      get: () => (isRegistering ? undefined : value),
      set(theirs: never) {
        leave();
        api[type as keyof typeof own] = theirs;
        holder[KEY] = api;
      },
    });
  }
  // Who registers something sets this first, to what it is, and then looks whether the place is free; it is.
  Object.defineProperty(holder, KEY, {
    configurable: true,
    get() {
      isRegistering = false;
      return api;
    },
    set() {
      isRegistering = true;
    },
  });
  return () => {
    if (Object.getOwnPropertyDescriptor(holder, KEY)?.get) leave();
  };
}
