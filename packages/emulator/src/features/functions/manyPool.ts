import type { Invocation, InvocationOutcome } from '../environment/invocation.ts';
import type { ManyEnvironment, ManyOptions } from '../environment/manyEnvironment.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import type { EnvironmentBudget } from './environmentBudget.ts';
import type { FunctionPool } from './functionPool.ts';

export type ManyPoolOptions = Omit<ManyOptions, 'onRoom' | 'onEnded'> & {
  readonly budget: EnvironmentBudget;
  readonly startManyEnvironment: (options: ManyOptions) => Promise<ManyEnvironment>;
};

interface Waiting {
  readonly invocation: Invocation;
  readonly settle: (outcome: InvocationOutcome) => void;
}

/** Ended environments stay in the record until so many newer ones have ended. */
const ENDED_KEPT = 200;

/**
 * Makes the pool of a function whose environments serve many requests at once: another environment only when all are at
 * their concurrency, and a refusal when there may be none.
 *
 * @param options the function and the platform around it
 */
export function createManyPool(options: ManyPoolOptions): FunctionPool {
  const { settings, budget } = options;
  const { maxConcurrency } = settings.managedInstances!;
  const living = new Set<ManyEnvironment>();
  const queue: Waiting[] = [];
  let starting = 0;
  let starts: Promise<unknown> = Promise.resolve();
  let endedRecords: EnvironmentRecord[] = [];
  let stopped = false;

  function invoke(invocation: Invocation): Promise<InvocationOutcome> {
    const { requestId } = invocation;
    if (stopped) return Promise.resolve(toThrottled(requestId, 'The emulator is stopping.'));
    const fresh = [...living].filter((each) => !each.isInitialized()).length + starting;
    const hasPlace = [...living].some((each) => each.isInitialized() && !each.isFull());
    if (!hasPlace && queue.length >= fresh * maxConcurrency) {
      const reason = takePlace();
      if (reason !== undefined) return Promise.resolve(toThrottled(requestId, reason));
      start();
    }
    return new Promise((settle) => {
      queue.push({ invocation, settle });
      serve();
    });
  }

  function takePlace(): string | undefined {
    if (living.size + starting >= settings.reservedConcurrency)
      return 'ReservedFunctionConcurrentInvocationLimitExceeded';
    return budget.take() ? undefined : 'ConcurrentInvocationLimitExceeded';
  }

  function serve(): void {
    for (const environment of living) {
      while (queue.length > 0 && environment.room() > 0) {
        const { invocation, settle } = queue.shift()!;
        void environment.invoke(invocation).then(settle);
      }
    }
  }

  function start(): void {
    starting++;
    const begun = options
      .startManyEnvironment({
        ...options,
        onRoom: serve,
        onEnded: (environment) => {
          living.delete(environment);
          budget.giveBack();
          endedRecords = [...endedRecords, environment.record()].slice(-ENDED_KEPT);
          const { endReason = '' } = environment.record();
          if (living.size + starting === 0) refuseQueue(endReason);
        },
      })
      .then(
        (environment) => {
          starting--;
          if (environment.record().state === 'ended') return;
          living.add(environment);
          serve();
        },
        (error: unknown) => {
          starting--;
          budget.giveBack();
          refuseQueue(error instanceof Error ? error.message : String(error));
        },
      );
    starts = Promise.all([starts, begun]);
  }

  /** Nobody is left who could serve what waits. */
  function refuseQueue(errorMessage: string): void {
    for (const { invocation, settle } of queue.splice(0)) {
      const { requestId } = invocation;
      const errorType = 'Runtime.ExitError';
      const payload = Buffer.from(JSON.stringify({ errorType, errorMessage }));
      settle({ status: 'error', requestId, errorType, payload });
    }
  }

  async function initialize(count: number): Promise<void> {
    for (let n = 0; n < count && takePlace() === undefined; n++) start();
    await starts;
  }

  return {
    invoke,
    initialize,
    records: () => [...endedRecords, ...[...living].map((environment) => environment.record())],
    stop: async () => {
      stopped = true;
      for (const { invocation, settle } of queue.splice(0))
        settle(toThrottled(invocation.requestId, 'The emulator is stopping.'));
      await starts;
      await Promise.all([...living].map((environment) => environment.stop('stopped')));
    },
  };
}

function toThrottled(requestId: string, reason: string): InvocationOutcome {
  return { status: 'throttled', requestId, reason };
}
