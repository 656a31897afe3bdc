import type { Environment, EnvironmentOptions } from '../environment/environment.ts';
import type { InitializationType } from '../environment/environmentVariables.ts';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { toFailureOutcome, toOpeningFailure } from '../environment/sandboxFailure.ts';
import { createSnapshotImage } from '../environment/snapshotImage.ts';
import type { SnapshotImage } from '../environment/snapshotImage.ts';
import type { EnvironmentBudget } from './environmentBudget.ts';

export type PoolOptions = Omit<
  EnvironmentOptions,
  'initializationType' | 'snapshotImage' | 'onIdle' | 'onEnding' | 'onEnded'
> & {
  readonly budget: EnvironmentBudget;
  readonly startEnvironment: (options: EnvironmentOptions) => Promise<Environment>;
  /** An environment idle for so long is ended; 0 means never. */
  readonly idleTimeoutMs: number;
  /** How long an event waits for an environment that has answered already; 20. */
  readonly finishingMs?: number | undefined;
};

/** All environments of one function. */
export interface FunctionPool {
  /** Runs an event in an idle environment, or in a new one; settles with the response. */
  invoke(invocation: Invocation): Promise<InvocationOutcome>;
  /**
   * Initializes environments before any event; resolves when all are idle. Those that are on demand are AWS's proactive
   * initialization, of which callers notice only that they need not wait.
   */
  initialize(count: number, type: 'on-demand' | 'provisioned-concurrency'): Promise<void>;
  /** Living environments and those that ended last, oldest first. */
  records(): readonly EnvironmentRecord[];
  stop(): Promise<void>;
}

interface Waiting {
  readonly invocation: Invocation;
  readonly settle: (outcome: InvocationOutcome) => void;
  /** What ends the waiting for an environment that is about to be idle. */
  readonly timer?: NodeJS.Timeout;
}

/**
 * So long an event waits for an environment that has answered and has yet to ask for its next event: on AWS no caller
 * is back sooner than over the network, and finds it idle. What takes longer counts as busy there, too.
 */
const FINISHING_MS = 20;
const STOPPING: InvocationOutcome = { status: 'throttled', reason: 'The emulator is stopping.' };
/** Ended environments stay in the record until so many newer ones have ended. */
const ENDED_KEPT = 200;

/**
 * Makes the pool of one function: one event per environment at a time, another environment for each event that finds
 * none idle.
 *
 * @param options the function and the platform around it
 */
export function createFunctionPool(options: PoolOptions): FunctionPool {
  const { settings, budget, startEnvironment, finishingMs = FINISHING_MS } = options;
  const living = new Map<Environment, NodeJS.Timeout | undefined>();
  const starting = new Set<Promise<unknown>>();
  const idle: Environment[] = [];
  /** Those that have been idle once; until then the place belongs to the start. */
  const placed = new Set<Environment>();
  const wasPlaced = new WeakSet<Environment>();
  /** In the order in which they came. */
  const hopeful = new Set<Waiting>();
  let endedRecords: EnvironmentRecord[] = [];
  const onDemand = settings.snapStart ? 'snap-start' : 'on-demand';
  let image: SnapshotImage | undefined;
  let taken = 0;
  let stopped = false;

  function invoke(invocation: Invocation): Promise<InvocationOutcome> {
    if (stopped) return Promise.resolve(STOPPING);
    // The one used last is the likeliest to have its memory still in the caches; what is provisioned is paid for.
    const environment = idle.findLast(isProvisioned) ?? idle.at(-1);
    if (environment) {
      leaveIdle(environment);
      return environment.invoke(invocation);
    }
    const finishing = [...living.keys()].filter((each) => each.isFinishing());
    return finishing.length > hopeful.size ? waitShortly(invocation) : invokeNew(invocation);
  }

  function waitShortly(invocation: Invocation): Promise<InvocationOutcome> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        hopeful.delete(waiting);
        resolve(invokeNew(invocation));
      }, finishingMs);
      const waiting: Waiting = { invocation, settle: resolve, timer };
      hopeful.add(waiting);
    });
  }

  function takeHopeful(): Waiting | undefined {
    const [waiting] = hopeful;
    if (!waiting) return undefined;
    hopeful.delete(waiting);
    clearTimeout(waiting.timer);
    return waiting;
  }

  function invokeNew(invocation: Invocation): Promise<InvocationOutcome> {
    if (stopped) return Promise.resolve(STOPPING);
    const reason = takePlace();
    if (reason !== undefined) return Promise.resolve({ status: 'throttled', reason });
    return new Promise((settle) => start(onDemand, { invocation, settle }));
  }

  /** Says why there is no place for another environment. */
  function takePlace(): string | undefined {
    if (taken >= settings.reservedConcurrency) return 'ReservedFunctionConcurrentInvocationLimitExceeded';
    if (!budget.take()) return 'ConcurrentInvocationLimitExceeded';
    taken++;
    return undefined;
  }

  async function initialize(count: number, type: 'on-demand' | 'provisioned-concurrency'): Promise<void> {
    const starts: Promise<void>[] = [];
    for (let n = 0; n < count && !stopped; n++) {
      if (takePlace() !== undefined) break;
      starts.push(
        new Promise((resolve) => start(type === 'on-demand' ? onDemand : type, undefined, resolve)),
      );
    }
    await Promise.all(starts);
  }

  /** Starts an environment for an event, or for none. `whenSettled` is called when it is idle or has ended. */
  function start(
    initializationType: InitializationType,
    waiting: Waiting | undefined,
    whenSettled?: () => void,
  ): void {
    let first = waiting;
    if (initializationType === 'snap-start') image ??= createSnapshotImage(options.clock());
    const begun = startEnvironment({
      ...options,
      initializationType,
      snapshotImage: image,
      onIdle: (environment) => {
        placed.add(environment);
        wasPlaced.add(environment);
        const next = first ?? takeHopeful();
        first = undefined;
        whenSettled?.();
        if (!next) return enterIdle(environment);
        const { invocation, settle } = next;
        if (stopped) return settle(STOPPING);
        environment.invoke(invocation).then(settle, (error: unknown) => settle(toFailure(invocation, error)));
      },
      onEnding: leave,
      onEnded: (environment) => {
        if (first) first.settle(stopped ? STOPPING : toFailure(first.invocation, 'It has ended.'));
        leave(environment);
        if (!wasPlaced.has(environment)) giveBack();
        living.delete(environment);
        endedRecords = [...endedRecords, environment.record()].slice(-ENDED_KEPT);
        whenSettled?.();
        if (isProvisioned(environment)) void initialize(1, 'provisioned-concurrency');
      },
    }).then(
      (environment) => {
        living.set(environment, undefined);
        if (stopped) void environment.stop('stopped');
      },
      (error: unknown) => {
        giveBack();
        if (waiting) waiting.settle(toFailure(waiting.invocation, error));
        whenSettled?.();
      },
    );
    starting.add(begun);
    void begun.finally(() => starting.delete(begun));
  }

  function enterIdle(environment: Environment): void {
    idle.push(environment);
    if (isProvisioned(environment)) return;
    budget.offer(environment, () => void environment.stop('evicted'));
    if (options.idleTimeoutMs === 0) return;
    const timer = setTimeout(() => void environment.stop('idle'), options.idleTimeoutMs);
    living.set(environment, timer.unref());
  }

  function leaveIdle(environment: Environment): void {
    clearTimeout(living.get(environment));
    budget.withdraw(environment);
    const at = idle.indexOf(environment);
    if (at >= 0) idle.splice(at, 1);
  }

  /** Its place is free as soon as it is being killed: who is answered because of that may come again at once. */
  function leave(environment: Environment): void {
    leaveIdle(environment);
    if (placed.delete(environment)) giveBack();
  }

  function giveBack(): void {
    taken--;
    budget.giveBack();
  }

  return {
    invoke,
    initialize,
    records: () => [...endedRecords, ...[...living.keys()].map((environment) => environment.record())],
    stop: async () => {
      stopped = true;
      for (let waiting = takeHopeful(); waiting; waiting = takeHopeful()) waiting.settle(STOPPING);
      await Promise.allSettled(starting);
      await Promise.all([...living.keys()].map((environment) => environment.stop('stopped')));
    },
  };
}

function isProvisioned({ initializationType }: Environment): boolean {
  return initializationType === 'provisioned-concurrency';
}

function toFailure({ requestId }: Invocation, error: unknown): InvocationOutcome {
  return toFailureOutcome(requestId, toOpeningFailure(error));
}
