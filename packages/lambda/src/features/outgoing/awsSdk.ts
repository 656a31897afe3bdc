import type { Guard } from '../../platform/guard.ts';
import { listLoadedModules } from '../../platform/loadedModules.ts';
import type { AwsArguments, AwsCallContext, AwsMiddleware, AwsNext } from './awsClient.ts';

/** The part of an AWS SDK client (version 3) that is used. */
export interface AwsClient {
  readonly middlewareStack: {
    add(
      middleware: never,
      options: { step: 'initialize'; name: string; priority: 'high'; override: boolean },
    ): void;
  };
}

type Send = (this: AwsClient, ...args: unknown[]) => unknown;

/** The SDK's modules that have its clients' base class; of the first generation `smithy-client`, of the second `core`. */
const CLIENT_MODULE = /[\\/]@smithy[\\/](smithy-client|core)[\\/]/;

/** Adds the middleware to a client, at most once. */
export function addAwsMiddleware(client: AwsClient, run: AwsMiddleware): void {
  const middleware =
    (next: AwsNext, context: AwsCallContext) =>
    (args: AwsArguments): Promise<unknown> =>
      run(next, context, args);
  client.middlewareStack.add(middleware as never, {
    step: 'initialize',
    name: 'clickspan',
    priority: 'high',
    override: true,
  });
}

/**
 * Traces the clients of an AWS SDK that is not bundled, without code: its base class is found among the modules that the
 * function has loaded, and a client gets the middleware when it sends for the first time. Nothing is loaded for that, and
 * no loader is changed.
 *
 * @returns looks for what was loaded since it looked before
 */
export function observeAwsSdk(middleware: AwsMiddleware, guard: Guard): () => void {
  const clients = new WeakSet<object>();
  const patched = new WeakSet<object>();
  return () => {
    for (const exports of listLoadedModules(CLIENT_MODULE)) {
      const { Client } = exports as { Client?: { prototype?: { send?: Send } } };
      const prototype = Client?.prototype;
      const send = prototype?.send;
      if (!prototype || typeof send !== 'function' || patched.has(prototype)) continue;
      patched.add(prototype);
      const tracing: Send = function (...args) {
        if (!clients.has(this)) {
          clients.add(this);
          guard(() => addAwsMiddleware(this, middleware));
        }
        return Reflect.apply(send, this, args);
      };
      prototype.send = Object.defineProperties(tracing, Object.getOwnPropertyDescriptors(send));
    }
  };
}
