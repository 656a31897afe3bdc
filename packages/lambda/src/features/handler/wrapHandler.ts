import { toBareObject } from '../../platform/bareObject.ts';
import type { Handler } from './loadHandler.ts';

/** The key under which `awslambda.streamifyResponse` marks a handler. */
const STREAMING: symbol = Symbol.for('aws.lambda.runtime.handler.streaming');

/** How one call of the handler is accompanied. Nothing here may throw. */
export interface Call {
  /** Runs the handler itself. */
  run<T>(handler: () => T): T;
  /** Runs what the handler has called of the runtime client, which goes on to the next invocation from there. */
  leave<T>(run: () => T): T;
  /**
   * The handler has returned or resolved; gives what the runtime gets.
   *
   * @param waits the runtime client keeps it until nothing is left to do, where it knows how (before version 4); a stream is
   * not kept, but the invocation is not over before
   */
  succeed(result: unknown, waits?: boolean): unknown;
  fail(error: unknown, waits?: boolean): void;
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
  const traps: ProxyHandler<H> = {
    apply(target, self: unknown, args: unknown[]): unknown {
      const streaming = (target as unknown as Record<symbol, unknown>)[STREAMING] !== undefined;
      const started = streaming ? start(args[0], args[2], args[1]) : start(args[0], args[1], undefined);
      if (!started) return Reflect.apply(target, self, args);
      const call = onlyOnce(started);
      const byCallback = !streaming && typeof args[2] === 'function';
      const handed = byCallback ? observeCallbacks(call, args) : args;
      const run = (): unknown => Reflect.apply(target, self, handed);
      let result: unknown;
      let later: boolean;
      try {
        result = call.run(run);
        later = isThenable(result);
      } catch (error) {
        call.fail(error);
        throw error;
      }
      // Where there is a callback, the runtime client looks at no other results than promises.
      if (!later) return byCallback ? result : call.succeed(result);
      const waits = (): boolean => streaming && waitsForWork(args[2]);
      return Promise.resolve(result).then(
        (value) => call.succeed(value, waits()),
        (error: unknown) => {
          call.fail(error, waits());
          throw error;
        },
      );
    },
  };
  return new Proxy(handler, toBareObject(traps));
}

/** A handler may settle in more than one way; the runtime client takes the first. */
function onlyOnce(call: Call): Call {
  let settled = false;
  return {
    run: (handler) => call.run(handler),
    leave: (run) => call.leave(run),
    succeed(result, waits) {
      if (settled) return result;
      settled = true;
      return call.succeed(result, waits);
    },
    fail(error, waits) {
      if (settled) return;
      settled = true;
      call.fail(error, waits);
    },
  };
}

/**
 * The arguments of a handler with what it may call instead of settling: the callback, and `done`, `succeed` and `fail` of
 * the context, which runtime clients before version 4 have.
 */
function observeCallbacks(call: Call, [event, lambda, callback, ...more]: unknown[]): unknown[] {
  const isError = (error: unknown): boolean => error !== undefined && error !== null;
  const settle = ([error, result, ...rest]: unknown[], waits: boolean): unknown[] => {
    if (!isError(error)) return [error, call.succeed(result, waits), ...rest];
    call.fail(error);
    return [error, result, ...rest];
  };
  const replacements: Readonly<Record<string, (args: unknown[]) => unknown[]>> = {
    done: (args) => settle(args, false),
    succeed: ([result, ...rest]) => [call.succeed(result), ...rest],
    fail(args) {
      call.fail(isError(args[0]) ? args[0] : 'handled');
      return args;
    },
  };
  /** The same function, called with other arguments, and outside of the invocation. */
  const observed = (target: Handler, replace: (args: unknown[]) => unknown[]): Handler => {
    const traps: ProxyHandler<Handler> = {
      apply(method, self: unknown, args: unknown[]): unknown {
        const replaced = replace(args);
        return call.leave(() => Reflect.apply(method, self, replaced));
      },
    };
    return new Proxy(target, toBareObject(traps));
  };
  const context = lambda as Record<string, unknown>;
  try {
    for (const [name, replace] of Object.entries(replacements)) {
      const method = context[name];
      if (typeof method === 'function') context[name] = observed(method as Handler, replace);
    }
  } catch {
    // A context that cannot be read or written, in a test of the function perhaps.
  }
  const callBack = (args: unknown[]): unknown[] => settle(args, waitsForWork(context));
  return [event, lambda, observed(callback as Handler, callBack), ...more];
}

/** Whether what is called back with is kept until nothing is left to do; the function can change that until then. */
function waitsForWork(context: unknown): boolean {
  try {
    return Boolean((context as Readonly<Record<string, unknown>>)['callbackWaitsForEmptyEventLoop']);
  } catch {
    return false;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && 'then' in value
    ? typeof value.then === 'function'
    : false;
}
