import { describe, expect, it } from 'vitest';
import type { Environment, EnvironmentOptions } from '../environment/environment.ts';
import type { Invocation, InvocationOutcome } from '../../platform/invocation.ts';
import { createEnvironmentBudget } from './environmentBudget.ts';
import { createFunctionPool } from './functionPool.ts';
import type { FunctionPool, PoolOptions } from './functionPool.ts';

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html and provisioned-concurrency.html: one event at a
// time in each environment, provisioned ones first, throttling beyond what is reserved.

/** An environment whose steps the test takes by hand. */
interface Puppet {
  readonly served: string[];
  /** INIT is over, or runtime and extensions have asked for their next event. */
  rest(): void;
  /** The runtime has answered; it has yet to ask for its next event. */
  answer(): void;
  /** It ends by itself. */
  end(): void;
}

interface Bench {
  readonly pool: FunctionPool;
  readonly puppets: Puppet[];
}

const LONG_MS = 600_000;

function bench(options: { reservedConcurrency?: number; finishingMs?: number } = {}): Bench {
  const { reservedConcurrency = 10, finishingMs = LONG_MS } = options;
  const puppets: Puppet[] = [];
  const start = (events: EnvironmentOptions): Promise<Environment> => {
    let state: 'init' | 'idle' | 'busy' | 'finishing' | 'ended' = 'init';
    let settle: ((outcome: InvocationOutcome) => void) | undefined;
    const served: string[] = [];
    const environment: Environment = {
      id: String(puppets.length),
      initializationType: events.initializationType,
      invoke: ({ requestId: id }) => {
        state = 'busy';
        served.push(id);
        return new Promise((resolve) => {
          settle = resolve;
        });
      },
      isIdle: () => state === 'idle',
      isFinishing: () => state === 'finishing',
      record: () => ({}) as ReturnType<Environment['record']>,
      stop: () => {
        state = 'ended';
        events.onEnding(environment);
        settle?.(KILLED);
        events.onEnded(environment);
        return Promise.resolve();
      },
    };
    puppets.push({
      served,
      end: () => {
        state = 'ended';
        events.onEnded(environment);
      },
      rest: () => {
        state = 'idle';
        events.onIdle(environment);
      },
      answer: () => {
        state = 'finishing';
        settle!({
          status: 'ok',
          payload: Buffer.from('1'),
          contentType: 'application/json',
        });
      },
    });
    return Promise.resolve(environment);
  };
  const pool = createFunctionPool({
    settings: { reservedConcurrency, timeoutMs: 3000 },
    budget: createEnvironmentBudget(50),
    startEnvironment: start,
    idleTimeoutMs: 0,
    finishingMs,
  } as unknown as PoolOptions);
  return { pool, puppets };
}

const KILLED: InvocationOutcome = { status: 'error', errorType: 'killed', payload: Buffer.from('{}') };

const event = (requestId: string): Invocation => ({ requestId, payload: Buffer.from('{}'), traceId: '' });
/** Everything that is settled has been told by then. */
const told = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('a pool of environments', () => {
  it('serves who comes back at once by the environment that has answered', async () => {
    const { pool, puppets } = bench({ reservedConcurrency: 1 });
    const first = pool.invoke(event('a'));
    puppets[0]!.rest();
    puppets[0]!.answer();
    expect(await first).toMatchObject({ status: 'ok' });
    const second = pool.invoke(event('b'));
    puppets[0]!.rest();
    puppets[0]!.answer();
    expect(await second).toMatchObject({ status: 'ok' });
    expect(puppets).toHaveLength(1);
    expect(puppets[0]!.served).toEqual(['a', 'b']);
  });

  it('lets one event wait for each environment that has answered, in the order in which they came', async () => {
    const { pool, puppets } = bench();
    for (const id of ['a', 'b']) void pool.invoke(event(id));
    for (const puppet of puppets) puppet.rest();
    for (const puppet of puppets) puppet.answer();
    await told();
    for (const id of ['c', 'd', 'e']) void pool.invoke(event(id));
    expect(puppets).toHaveLength(3);
    puppets[1]!.rest();
    puppets[0]!.rest();
    expect(puppets.slice(0, 2).map(({ served }) => served)).toEqual([
      ['a', 'd'],
      ['b', 'c'],
    ]);
  });

  it('starts another environment for who has waited too long for one that has answered', async () => {
    const { pool, puppets } = bench({ finishingMs: 1 });
    const first = pool.invoke(event('a'));
    puppets[0]!.rest();
    puppets[0]!.answer();
    await first;
    const second = pool.invoke(event('b'));
    while (puppets.length < 2) await told();
    puppets[1]!.rest();
    puppets[1]!.answer();
    expect(await second).toMatchObject({ status: 'ok' });
    expect(puppets[1]!.served).toEqual(['b']);
    expect(puppets[0]!.served).toEqual(['a']);
  });

  it('throttles who finds an environment that has not answered, where there may be one only', async () => {
    const { pool, puppets } = bench({ reservedConcurrency: 1 });
    void pool.invoke(event('a'));
    puppets[0]!.rest();
    expect(await pool.invoke(event('b'))).toMatchObject({ status: 'throttled' });
  });

  it('answers everybody when it stops: who works, who waits, who is in INIT', async () => {
    const { pool, puppets } = bench({ reservedConcurrency: 2 });
    const answered = pool.invoke(event('a'));
    puppets[0]!.rest();
    puppets[0]!.answer();
    await answered;
    const waiting = pool.invoke(event('b'));
    const initializing = pool.invoke(event('c'));
    await told();
    await pool.stop();
    expect(await waiting).toMatchObject({ status: 'throttled' });
    expect(await initializing).toMatchObject({ status: 'throttled' });
    expect(await pool.invoke(event('d'))).toMatchObject({ status: 'throttled' });
  });

  it('answers who waits for an environment that comes out of INIT between stop and kill', async () => {
    const { pool, puppets } = bench();
    const initializing = pool.invoke(event('a'));
    const stopped = pool.stop();
    puppets[0]!.rest();
    expect(await initializing).toMatchObject({ status: 'throttled', reason: 'The emulator is stopping.' });
    await stopped;
    expect(puppets[0]!.served).toEqual([]);
  });

  it('serves by what is provisioned first, and provisions again what has ended', async () => {
    const { pool, puppets } = bench();
    void pool.invoke(event('a'));
    void pool.initialize(1, 'provisioned-concurrency');
    for (const puppet of puppets) puppet.rest();
    puppets[0]!.answer();
    puppets[0]!.rest();
    void pool.invoke(event('b'));
    expect(puppets.map(({ served }) => served)).toEqual([['a'], ['b']]);
    await told();
    puppets[1]!.end();
    expect(puppets).toHaveLength(3);
  });

  it('gives back the place of an environment that ends before it could serve', async () => {
    const { pool, puppets } = bench({ reservedConcurrency: 1 });
    void pool.initialize(1, 'on-demand');
    await told();
    puppets[0]!.end();
    void pool.invoke(event('a'));
    expect(puppets).toHaveLength(2);
  });
});
