/** What is known of an environment when an invocation begins. Times are Unix ms. */
export interface EnvironmentAge {
  /** It is the environment's first invocation. */
  readonly first: boolean;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`. */
  readonly initializationType: string | undefined;
  /** A process of this environment has died before. */
  readonly restarted: boolean;
  readonly initEndUnixMs: number;
  readonly invokedUnixMs: number;
}

/** Whether an environment was set up for an invocation. */
export interface ColdStart {
  /** The caller waited for the environment's init. */
  readonly cold: boolean;
  /** It is the first invocation, but nobody waited: the environment had been made ahead of demand. */
  readonly proactive: boolean;
}

/** Longer than this between init and the first invocation, and the environment was not made for it. */
const PROACTIVE_IDLE_MS = 10_000;

/**
 * Decides whether an invocation's caller waited for a cold start; pure.
 *
 * After a timeout or a crash, the init is part of the next invocation, whatever the type of the environment was.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
 */
export function decideColdStart(age: EnvironmentAge): ColdStart {
  const { first, initializationType = 'on-demand', restarted, initEndUnixMs, invokedUnixMs } = age;
  const onDemand = restarted || initializationType === 'on-demand';
  if (!first || !onDemand) return { cold: false, proactive: false };
  const proactive = invokedUnixMs - initEndUnixMs > PROACTIVE_IDLE_MS;
  return { cold: !proactive, proactive };
}
