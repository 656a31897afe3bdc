import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import type { ManyEnvironment, ManyOptions } from '../environment/manyEnvironment.ts';
import { createEnvironmentBudget } from './environmentBudget.ts';
import type { FunctionPool } from './functionPool.ts';
import { createManyPool } from './manyPool.ts';
import type { ManyPoolOptions } from './manyPool.ts';

// aws/aws-lambda-runtime-interface-emulator at 4fa21571, internal/lambda-managed-instances, where a place in it is
// named.

/** An environment whose steps the test takes by hand. */
interface Puppet {
  readonly served: string[];
  /** INIT is over, and so many threads ask for events. */
  rest(threads: number): void;
  end(errorType: string): void;
}

interface Bench {
  readonly pool: FunctionPool;
  readonly puppets: Puppet[];
}

const TIMEOUT_MS = 3000;
const MAX_CONCURRENCY = 2;

function bench(start: (puppet: number) => Error | undefined = () => undefined): Bench {
  const puppets: Puppet[] = [];
  const startManyEnvironment = async (events: ManyOptions): Promise<ManyEnvironment> => {
    const failure = start(puppets.length);
    if (failure) throw failure;
    let state: 'init' | 'idle' | 'ended' = 'init';
    let waiting = 0;
    const served: string[] = [];
    let whenSettled = (): void => undefined;
    const environment: ManyEnvironment = {
      settled: new Promise((resolve) => {
        whenSettled = resolve;
      }),
      room: () => (state === 'idle' ? Math.min(waiting, MAX_CONCURRENCY - served.length) : 0),
      isFull: () => served.length >= MAX_CONCURRENCY,
      isInitialized: () => state !== 'init',
      invoke: ({ requestId }) => {
        waiting--;
        served.push(requestId);
        return new Promise(() => undefined);
      },
      record: () => ({ state }) as ReturnType<ManyEnvironment['record']>,
      stop: () => {
        puppet.end('stopped');
        return Promise.resolve();
      },
    };
    const puppet: Puppet = {
      served,
      rest: (threads) => {
        state = 'idle';
        waiting = threads;
        whenSettled();
        events.onRoom();
      },
      end: (errorType) => {
        state = 'ended';
        whenSettled();
        events.onEnded(environment, { errorType, reason: 'of its end' });
      },
    };
    puppets.push(puppet);
    return environment;
  };
  const pool = createManyPool({
    settings: {
      reservedConcurrency: 2,
      timeoutMs: TIMEOUT_MS,
      managedInstances: { maxConcurrency: MAX_CONCURRENCY },
    },
    budget: createEnvironmentBudget(50),
    startManyEnvironment,
  } as unknown as ManyPoolOptions);
  return { pool, puppets };
}

const event = (requestId: string): Invocation => ({ requestId, payload: Buffer.from('{}'), traceId: '' });

function toSaid(outcome: InvocationOutcome): unknown {
  return outcome.status === 'error' ? JSON.parse(outcome.payload.toString()) : outcome;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a pool of environments that serve many requests at once', () => {
  it('lets an event wait no longer than one may run, where no thread asks (invoke/invoke_router.go, Invoke)', async () => {
    const { pool, puppets } = bench();
    void pool.invoke(event('a'));
    await vi.advanceTimersByTimeAsync(0);
    puppets[0]!.rest(1);
    const waiting = pool.invoke(event('b'));
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect(await waiting).toMatchObject({ status: 'throttled', reason: 'ConcurrentInvocationLimitExceeded' });
    expect(puppets[0]!.served).toEqual(['a']);
  });

  it('lets events wait for an environment that starts as long as that takes', async () => {
    const { pool, puppets } = bench();
    void pool.invoke(event('a'));
    await vi.advanceTimersByTimeAsync(10 * TIMEOUT_MS);
    puppets[0]!.rest(1);
    expect(puppets[0]!.served).toEqual(['a']);
  });

  it('has initialized environments when it says so', async () => {
    const { pool, puppets } = bench();
    let isDone = false;
    const done = pool.initialize(2, 'on-demand').then(() => (isDone = true));
    await vi.advanceTimersByTimeAsync(0);
    puppets[0]!.rest(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(isDone).toBe(false);
    puppets[1]!.end('Runtime.ExitError');
    await done;
  });

  it('tells events that wait why nobody is left to serve them', async () => {
    const { pool, puppets } = bench();
    const waiting = pool.invoke(event('a'));
    await vi.advanceTimersByTimeAsync(0);
    puppets[0]!.end('Runtime.OutOfMemory');
    expect(toSaid(await waiting)).toEqual({
      errorType: 'Runtime.OutOfMemory',
      errorMessage: 'RequestId: a Error: of its end',
    });
  });

  it('refuses nobody because one environment of two cannot be started', async () => {
    const { pool, puppets } = bench((nth) => (nth === 1 ? new Error('no room in /tmp') : undefined));
    for (const id of ['a', 'b']) void pool.invoke(event(id));
    await vi.advanceTimersByTimeAsync(0);
    let outcome: InvocationOutcome | undefined;
    void pool.invoke(event('c')).then((told) => (outcome = told));
    await vi.advanceTimersByTimeAsync(0);
    expect(outcome).toBeUndefined();
    puppets[0]!.end('Runtime.ExitError');
    await vi.advanceTimersByTimeAsync(0);
    expect(outcome).toMatchObject({ status: 'error', errorType: 'Runtime.ExitError' });
  });

  it('stops without waiting for an INIT', async () => {
    const { pool } = bench();
    const waiting = pool.invoke(event('a'));
    const stopped = pool.stop();
    await stopped;
    expect(await waiting).toMatchObject({ status: 'throttled', reason: 'The emulator is stopping.' });
  });
});
