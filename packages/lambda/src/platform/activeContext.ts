import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { ROOT_CONTEXT } from '@clickspan/shared/context';
import type { Context, ContextManager } from '@opentelemetry/api';
import { toBareObject } from './bareObject.ts';

/** Keeps the current context across asynchronous calls; implements the OpenTelemetry API's context manager. */
export interface ActiveContext extends ContextManager {
  /** Runs a function with a context current. */
  readonly run: <T>(context: Context, run: () => T) => T;
  /**
   * Makes a context current for what a diagnostics channel runs with its stores.
   *
   * @param toContext gives the context for a message, or `undefined` to leave the current one; must not throw
   */
  readonly bindChannel: (name: string, toContext: (message: object) => Context | undefined) => void;
}

/** Makes the keeper of the current context. */
export function createActiveContext(): ActiveContext {
  const storage = new AsyncLocalStorage<Context>();
  const active = (): Context => storage.getStore() ?? ROOT_CONTEXT;
  const manager: ActiveContext = {
    active,
    run: (context, run) => storage.run(context, run),
    with: (context, run, thisArg, ...args) => storage.run(context, () => run.apply(thisArg as never, args)),
    bind: (context, target) => {
      if (typeof target !== 'function') return target;
      const bound = function (this: unknown, ...args: unknown[]): unknown {
        return storage.run(context, () => Reflect.apply(target, this, args));
      };
      return Object.defineProperty(
        bound,
        'length',
        toBareObject({ value: target.length }),
      ) as unknown as typeof target;
    },
    bindChannel: (name, toContext) => {
      channel(name).bindStore(storage, (message) => toContext(message as object) ?? active());
    },
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}
