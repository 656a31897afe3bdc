import type { AwsMiddleware } from '../features/outgoing/awsClient.ts';
import type { Handler } from '../features/handler/loadHandler.ts';
import { toBareObject } from '../platform/bareObject.ts';

/**
 * The agent of this process. The layer and the npm package may be different versions in one process: this is all that
 * they know of each other, so it only ever grows.
 */
export interface Agent {
  readonly version: 1;
  /** Makes a handler's invocations spans; gives the handler back where they already are. */
  wrap<H extends Handler>(handler: H): H;
  /** Makes the calls of an AWS SDK client spans. */
  readonly awsMiddleware: AwsMiddleware;
  /** Handles one message in a span of its own. */
  traceMessage?<R, T>(record: R, handle: (record: R) => T): T;
  /** Resolves when the platform has been asked to wait for exports. */
  ready(): Promise<void>;
}

const KEY: symbol = Symbol.for('clickspan.agent');

/** The agent of this process, if there is one. */
export function findAgent(): Agent | undefined {
  return (globalThis as unknown as Record<symbol, Agent | undefined>)[KEY];
}

/** Makes an agent the one of this process. */
export function publishAgent(agent: Agent): void {
  Object.defineProperty(globalThis, KEY, toBareObject({ value: agent, configurable: true }));
}
