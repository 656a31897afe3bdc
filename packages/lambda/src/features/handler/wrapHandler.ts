import type { Handler } from './loadHandler.ts';

/** The key under which `awslambda.streamifyResponse` marks a handler. */
const STREAMING: symbol = Symbol.for('aws.lambda.runtime.handler.streaming');

/** How one call of the handler is accompanied. Nothing here may throw. */
export interface Call {
  /** Runs the handler itself. */
  run<T>(handler: () => T): T;
  /** The handler has returned or resolved; gives what the runtime gets. */
  succeed(result: unknown): unknown;
  fail(error: unknown): void;
}

/** Begins to accompany a call; `undefined` when it is to pass untouched. Must not throw. */
export type StartCall = (event: unknown, lambda: unknown, responseStream: unknown) => Call | undefined;

/**
 * Wraps a handler. The result looks like the handler itself in everything that can be asked of it: arity, name, own
 * properties, the streaming mark; `this` and the arguments are handed on untouched.
 *
 * @param handler the function's handler, asynchronous or not
 * @param start called for every call of the handler
 */
export function wrapHandler<H extends Handler>(handler: H, start: StartCall): H {
  return new Proxy(handler, {
    apply(target, self: unknown, args: unknown[]): unknown {
      const streaming = (target as unknown as Record<symbol, unknown>)[STREAMING] !== undefined;
      const call = streaming ? start(args[0], args[2], args[1]) : start(args[0], args[1], undefined);
      const run = (): unknown => Reflect.apply(target, self, args);
      if (!call) return run();
      let result: unknown;
      let later: boolean;
      try {
        result = call.run(run);
        later = isThenable(result);
      } catch (error) {
        call.fail(error);
        throw error;
      }
      if (!later) return call.succeed(result);
      return Promise.resolve(result).then(
        (value) => call.succeed(value),
        (error: unknown) => {
          call.fail(error);
          throw error;
        },
      );
    },
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && 'then' in value
    ? typeof value.then === 'function'
    : false;
}
