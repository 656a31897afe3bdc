import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { describe, expect, it } from 'vitest';
import { createActiveContext } from '../platform/activeContext.ts';
import { createGuard } from '../platform/guard.ts';
import { createStartCall } from './startCall.ts';
import type { StartCallParts } from './startCall.ts';

interface Fake {
  readonly parts: StartCallParts;
  readonly events: string[];
}

function start(change: Partial<StartCallParts> = {}): Fake {
  const events: string[] = [];
  const parts: StartCallParts = {
    invocations: {
      initialized: () => {},
      loading: () => {},
      start: () => ({
        context: ROOT_CONTEXT,
        succeed: (result) => result,
        fail: () => {},
        timeOut: () => events.push('timeout'),
      }),
    },
    contexts: createActiveContext(),
    clock: { now: Date.now, resync: () => {} },
    guard: createGuard(() => {}),
    calls: {
      begin: (span) => ({ span }),
      end: () => {},
      endAnswered: () => {},
      endAll: () => {},
    },
    exporter: {
      add: () => {},
      flush: async () => void events.push('flush'),
    },
    extension: {
      register: () => Promise.resolve(true),
      holds: () => true,
      begin: (id) => events.push(`begin ${id}`),
      release: (id) => events.push(`release ${id}`),
    },
    onFirst: () => {},
    ...change,
  };
  return { parts, events };
}

const LAMBDA = { awsRequestId: 'r', getRemainingTimeInMillis: () => 3000 };
const fails = (): never => {
  throw new Error('a fault');
};

describe('a call of the handler', () => {
  it('is released once the export is over', async () => {
    const { parts, events } = start();
    const call = createStartCall(parts)({}, LAMBDA, undefined)!;
    expect(call.succeed('result')).toBe('result');
    expect(events).toEqual(['begin r']);
    await expect.poll(() => events).toEqual(['begin r', 'flush', 'release r']);
  });

  it.each<[string, Partial<StartCallParts>, unknown?]>([
    ['the first call', { onFirst: fails }],
    ['starting', { invocations: { initialized: fails, loading: fails, start: fails } }],
    [
      'ending',
      {
        invocations: {
          initialized: fails,
          loading: fails,
          start: () => ({ context: ROOT_CONTEXT, succeed: fails, fail: fails, timeOut: fails }),
        },
      },
    ],
    ['ending calls', { calls: { begin: fails, end: fails, endAnswered: fails, endAll: fails } }],
    ['the export', { exporter: { add: fails, flush: () => Promise.reject(new Error('a fault')) } }],
    ['starting the export', { exporter: { add: fails, flush: fails } }],
    ['a stream that takes no listeners', {}, { once: fails }],
    [
      'a stream that cannot be read',
      {},
      {
        get writableFinished() {
          return fails();
        },
      },
    ],
  ])('is released, and changes nothing, whatever fails: %s', async (_, change, stream) => {
    for (const end of ['succeed', 'fail'] as const) {
      const { parts, events } = start(change);
      const call = createStartCall(parts)({}, LAMBDA, stream)!;
      expect(call.run(() => 'ran')).toBe('ran');
      expect(call[end]('result')).toBe(end === 'succeed' ? 'result' : undefined);
      await expect.poll(() => events).toContain('release r');
    }
  });

  it.each([
    ['a deadline that has passed, by a clock that is wrong', -5000],
    ['a deadline further away than a timer reaches', 2 ** 32],
    ['no deadline', NaN],
    ['an endless deadline', Infinity],
  ])('is not taken as timed out with %s', async (_, remainingMs) => {
    const { parts, events } = start();
    createStartCall(parts)({}, { ...LAMBDA, getRemainingTimeInMillis: () => remainingMs }, undefined);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(events).toEqual(['begin r']);
  });

  it('whose stream is never finished is sent before the deadline all the same', async () => {
    const { parts, events } = start();
    const stream = { once: () => {} };
    const call = createStartCall(parts)({}, { ...LAMBDA, getRemainingTimeInMillis: () => 80 }, stream)!;
    call.succeed(undefined);
    await expect.poll(() => events).toContain('flush');
  });

  it('that has ended is not taken as timed out', async () => {
    const { parts, events } = start();
    const call = createStartCall(parts)({}, { ...LAMBDA, getRemainingTimeInMillis: () => 80 }, undefined)!;
    call.succeed(undefined);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(events).toEqual(['begin r', 'flush', 'release r']);
  });

  it('that does not end is taken as timed out shortly before the deadline', async () => {
    const { parts, events } = start();
    createStartCall(parts)({}, { ...LAMBDA, getRemainingTimeInMillis: () => 50 }, undefined);
    await expect.poll(() => events).toEqual(['begin r', 'timeout', 'flush']);
  });
});
