import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import type { ManyEnvironment, ManyOptions } from '../environment/manyEnvironment.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { toFailureOutcome, toOpeningFailure } from '../environment/sandboxFailure.ts';
import type { SandboxFailure } from '../environment/sandboxFailure.ts';
import type { EnvironmentBudget } from './environmentBudget.ts';
import type { FunctionPool } from './functionPool.ts';

export type ManyPoolOptions = Omit<ManyOptions, 'onRoom' | 'onEnded'> & {
  readonly budget: EnvironmentBudget;
  readonly startManyEnvironment: (options: ManyOptions) => Promise<ManyEnvironment>;
};

interface Waiting {
  readonly invocation: Invocation;
  readonly settle: (outcome: InvocationOutcome) => void;
  timer: NodeJS.Timeout;
}

/** Ended environments stay in the record until so many newer ones have ended. */
const ENDED_KEPT = 200;

/**
 * Makes the pool of a function whose environments serve many requests at once: another environment only when all are at
 * their concurrency, and a refusal when there may be none. An event waits for environments to start, and behind that no
 * longer than one may run: AWS refuses at once what finds no thread that asks (invoke/invoke_router.go, Invoke).
 *
 * @param options the function and the platform around it
 */
export function createManyPool(options: ManyPoolOptions): FunctionPool {
  const { settings, budget } = options;
  const { maxConcurrency } = settings.managedInstances!;
  const living = new Set<ManyEnvironment>();
  const starting = new Set<Promise<unknown>>();
  /** In the order in which they came. */
  const queue = new Set<Waiting>();
  let endedRecords: EnvironmentRecord[] = [];
  let stopped = false;

  /** How many environments have yet to take their first event. */
  const fresh = (): number => [...living].filter((each) => !each.isInitialized()).length + starting.size;

  function invoke(invocation: Invocation): Promise<InvocationOutcome> {
    if (stopped) return Promise.resolve(toThrottled('The emulator is stopping.'));
    const hasPlace = [...living].some((each) => each.isInitialized() && !each.isFull());
    if (!hasPlace && queue.size >= fresh() * maxConcurrency) {
      const reason = takePlace();
      if (reason !== undefined) return Promise.resolve(toThrottled(reason));
      void start();
    }
    return new Promise((settle) => {
      const waiting = { invocation, settle, timer: setTimeout(() => giveUp(waiting), settings.timeoutMs) };
      queue.add(waiting);
      serve();
    });
  }

  function giveUp(waiting: Waiting): void {
    if (fresh() > 0) {
      waiting.timer.refresh();
      return;
    }
    queue.delete(waiting);
    waiting.settle(toThrottled('ConcurrentInvocationLimitExceeded'));
  }

  function takePlace(): string | undefined {
    if (living.size + starting.size >= settings.reservedConcurrency)
      return 'ReservedFunctionConcurrentInvocationLimitExceeded';
    return budget.take() ? undefined : 'ConcurrentInvocationLimitExceeded';
  }

  function serve(): void {
    for (const environment of living) {
      for (const { invocation, settle } of takeQueued(environment.room()))
        void environment.invoke(invocation).then(settle);
    }
  }

  function takeQueued(most: number): readonly Waiting[] {
    const taken = [...queue].slice(0, most);
    for (const waiting of taken) {
      queue.delete(waiting);
      clearTimeout(waiting.timer);
    }
    return taken;
  }

  /** Starts an environment; resolves when it is initialized or has ended. */
  function start(): Promise<void> {
    const begun: Promise<void> = options
      .startManyEnvironment({
        ...options,
        onRoom: serve,
        onEnded: (environment, failure) => {
          living.delete(environment);
          endedRecords = [...endedRecords, environment.record()].slice(-ENDED_KEPT);
          lose(failure);
        },
      })
      .then(
        (environment) => {
          starting.delete(begun);
          living.add(environment);
          if (stopped) void environment.stop('stopped');
          else serve();
          return environment.settled;
        },
        (error: unknown) => {
          starting.delete(begun);
          lose(toOpeningFailure(error));
        },
      );
    starting.add(begun);
    return begun;
  }

  /** One environment less; what waits is refused when nobody is left who could serve it. */
  function lose(failure: SandboxFailure): void {
    budget.giveBack();
    if (living.size + starting.size > 0) return;
    for (const { invocation, settle } of takeQueued(queue.size))
      settle(toFailureOutcome(invocation.requestId, failure));
  }

  async function initialize(count: number): Promise<void> {
    const starts: Promise<void>[] = [];
    for (let n = 0; n < count && !stopped && takePlace() === undefined; n++) starts.push(start());
    await Promise.all(starts);
  }

  return {
    invoke,
    initialize,
    records: () => [...endedRecords, ...[...living].map((environment) => environment.record())],
    stop: async () => {
      stopped = true;
      for (const { settle } of takeQueued(queue.size)) settle(toThrottled('The emulator is stopping.'));
      await Promise.all(starting);
      await Promise.all([...living].map((environment) => environment.stop('stopped')));
    },
  };
}

function toThrottled(reason: string): InvocationOutcome {
  return { status: 'throttled', reason };
}
