import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { createIdSource } from '@clickspan/shared/ids';
import { createTracerProvider } from '@clickspan/shared/tracer';
import type { EndedSpan } from '@clickspan/shared/tracer';
import { describe, expect, it } from 'vitest';
import type { CrashRecord } from '../features/invocation/crashRecord.ts';
import { createActiveContext } from '../platform/activeContext.ts';
import { createGuard } from '../platform/guard.ts';
import type { ProcessEndObserver } from '../platform/processEnd.ts';
import { createStartCall } from './startCall.ts';
import type { StartCallParts } from './startCall.ts';

const UNFINISHED = {
  name: 'f',
  kind: 1,
  startUnixMs: 1,
  context: { traceId: '1', spanId: '2', traceFlags: 1 },
  parentSpanId: '',
  attributes: {},
  links: [],
  recorded: true,
};
const NO_CRASH: CrashRecord = {
  restarted: false,
  unfinished: undefined,
  unsent: {},
  begin: () => {},
  seen: () => {},
  settle: () => {},
  end: () => {},
  leave: () => {},
};

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
      part: () => {},
      start: () => ({
        context: ROOT_CONTEXT,
        unfinished: UNFINISHED,
        answerHead: (head) => head,
        succeed: (result) => result,
        fail: () => {},
        conclude: () => events.push('conclude'),
        tellTimeout: () => events.push('timeout'),
        countTimeout: () => events.push('count'),
        idle: () => events.push('idle'),
        exit: (code, uncaught) => events.push(`exit ${code} ${String(uncaught?.error)}`),
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
      list: () => [],
    },
    tellInterrupted: () => {},
    streamHeads: { watch: () => {} },
    exporters: {
      add: () => {},
      restore: () => {},
      unsent: () => ({ traces: [{ scope: { name: 's', version: '' }, json: '{}' }] }),
      flush: async () => void events.push('flush'),
    },
    crashRecord: undefined,
    logs: undefined,
    batchMs: undefined,
    pace: undefined,
    beforeTermination: () => {},
    observeEnd: () => {},
    answersWhenIdle: true,
    extension: {
      register: () => Promise.resolve(true),
      holds: () => true,
      begin: (id) => events.push(`begin ${id}`),
      release: (id) => events.push(`release ${id}`),
    },
    onFirst: () => {},
    onAnswered: () => {},
    ...change,
  };
  return { parts, events };
}

const LAMBDA = { awsRequestId: 'r', getRemainingTimeInMillis: () => 3000 };
const fails = (): never => {
  throw new Error('a fault');
};
const NO_EXPORTER = { add: fails, restore: fails, unsent: fails, flush: fails };

describe('a call of the handler', () => {
  it('is released once the export is over', async () => {
    const { parts, events } = start();
    const call = createStartCall(parts)({}, LAMBDA, undefined)!;
    expect(call.succeed('result')).toBe('result');
    expect(events).toEqual(['begin r']);
    await expect.poll(() => events).toEqual(['begin r', 'flush', 'release r']);
  });

  it('goes on without the answer where it is busy, and sees to what is left when the platform ends it', async () => {
    const flushed: boolean[] = [];
    const last: (() => Promise<void>)[] = [];
    let quick = false;
    const { parts, events } = start({
      exporters: {
        ...NO_EXPORTER,
        flush: async ({ overlaps }) => {
          flushed.push(overlaps);
          events.push('flush');
        },
      },
      pace: {
        began: () => events.push('began'),
        ended: () => events.push('ended'),
        isBusy: () => quick,
      },
      beforeTermination: (run) => void last.push(run),
    });
    const startCall = createStartCall(parts);
    for (const isQuick of [false, true, true]) {
      quick = isQuick;
      events.length = 0;
      startCall({}, LAMBDA, undefined)!.succeed('result');
      await expect.poll(() => events).toEqual(['begin r', 'began', 'flush', 'ended', 'release r']);
    }
    expect(flushed).toEqual([false, true, true]);
    expect(last).toHaveLength(1);
    await last[0]!();
    expect(flushed.at(-1)).toBe(false);
  });

  it('leaves what follows it outside of its context', () => {
    const { parts } = start();
    const { contexts } = parts;
    const call = createStartCall(parts)({}, LAMBDA, undefined)!;
    const inside = ROOT_CONTEXT.setValue(Symbol('inside'), 1);
    expect(contexts.run(inside, () => call.leave(() => contexts.active()))).toBe(ROOT_CONTEXT);
  });

  it.each<[string, Partial<StartCallParts>, unknown?]>([
    ['the first call', { onFirst: fails }],
    ['what follows a response', { onAnswered: fails }],
    ['the clock', { clock: { now: Date.now, resync: fails } }],
    ['starting', { invocations: { initialized: fails, loading: fails, part: fails, start: fails } }],
    [
      'ending',
      {
        invocations: {
          initialized: fails,
          loading: fails,
          part: fails,
          start: () => ({
            context: ROOT_CONTEXT,
            unfinished: UNFINISHED,
            answerHead: fails,
            succeed: fails,
            fail: fails,
            conclude: fails,
            tellTimeout: fails,
            countTimeout: fails,
            idle: fails,
            exit: fails,
          }),
        },
      },
    ],
    ['ending calls', { calls: { begin: fails, end: fails, endAnswered: fails, endAll: fails, list: fails } }],
    ['the export', { exporters: { ...NO_EXPORTER, flush: () => Promise.reject(new Error('a fault')) } }],
    ['starting the export', { exporters: NO_EXPORTER }],
    ['writing down', { crashRecord: { ...NO_CRASH, begin: fails, settle: fails, end: fails, leave: fails } }],
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

  it('is written down until its response has left', async () => {
    const { parts, events } = start();
    const crashRecord: CrashRecord = {
      ...NO_CRASH,
      begin: ({ name }, deadlineUnixMs) =>
        events.push(`down ${name} ${Math.round((deadlineUnixMs - Date.now()) / 1000)}`),
      end: () => events.push('up'),
    };
    const call = createStartCall({ ...parts, crashRecord })({}, LAMBDA, undefined)!;
    expect(events).toEqual(['begin r', 'down f 3']);
    call.fail(new Error('x'));
    expect(events).toHaveLength(2);
    await expect.poll(() => events).toEqual(['begin r', 'down f 3', 'up', 'flush', 'release r']);
  });

  it('in which the process ends is told by the next one, with what nobody has caught', () => {
    let end: ProcessEndObserver | undefined;
    const { parts, events } = start({
      observeEnd: (observer) => {
        end = observer;
      },
      crashRecord: { ...NO_CRASH, leave: ({ traces = [] }) => events.push(`leave ${traces.length}`) },
    });
    createStartCall(parts)({}, LAMBDA, undefined);
    end!.uncaught('lost');
    end!.exit(1);
    expect(events).toEqual(['begin r', 'exit 1 lost', 'leave 1']);
  });

  it('that the runtime client has answered for is released, once', async () => {
    let end: ProcessEndObserver | undefined;
    const { parts, events } = start({
      observeEnd: (observer) => {
        end = observer;
      },
    });
    const call = createStartCall(parts)({}, LAMBDA, undefined)!;
    end!.idle();
    end!.idle();
    call.succeed('late');
    await expect.poll(() => events).toEqual(['begin r', 'idle', 'flush', 'release r']);
  });

  it('whose answer waits until nothing is left to do is exported behind that', async () => {
    let end: ProcessEndObserver | undefined;
    const { parts, events } = start({
      observeEnd: (observer) => {
        end = observer;
      },
    });
    for (const way of ['succeed', 'fail'] as const) {
      events.length = 0;
      createStartCall(parts)({}, LAMBDA, undefined)![way]('result', true);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(events).toEqual(['begin r']);
      end!.idle();
      end!.idle();
      await expect.poll(() => events).toEqual(['begin r', 'conclude', 'flush', 'release r']);
    }
  });

  it('whose answer waits for what never ends is taken as timed out, and has not ended when the process does', async () => {
    let end: ProcessEndObserver | undefined;
    const { parts, events } = start({
      observeEnd: (observer) => {
        end = observer;
      },
    });
    const lambda = { ...LAMBDA, getRemainingTimeInMillis: () => 50 };
    createStartCall(parts)({}, lambda, undefined)!.succeed('result', true);
    await expect.poll(() => events).toEqual(['begin r', 'timeout', 'flush', 'count', 'flush']);
    end!.exit(0);
    expect(events.at(-1)).toBe('exit 0 undefined');
  });

  it('is exported at once where nobody tells that nothing is left to do', async () => {
    const { parts, events } = start({ answersWhenIdle: false });
    createStartCall(parts)({}, LAMBDA, undefined)!.succeed('result', true);
    await expect.poll(() => events).toEqual(['begin r', 'flush', 'release r']);
  });

  it('that has ended is not told of when the process ends', () => {
    let end: ProcessEndObserver | undefined;
    const { parts, events } = start({
      observeEnd: (observer) => {
        end = observer;
      },
    });
    createStartCall(parts)({}, LAMBDA, undefined)!.succeed(1);
    end!.exit(0);
    expect(events).toEqual(['begin r']);
  });

  it('of many at once waits for others before it is sent, and leaves the calls of others open', async () => {
    const { parts, events } = start({ batchMs: 60 });
    const calls = { ...parts.calls, endAnswered: () => events.push('calls') };
    const startCall = createStartCall({ ...parts, calls, extension: undefined });
    const [first, second] = [startCall({}, LAMBDA, undefined)!, startCall({}, LAMBDA, undefined)!];
    first.succeed(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(events).toEqual([]);
    second.succeed(2);
    await expect.poll(() => events).toEqual(['calls', 'flush']);
    startCall({}, LAMBDA, undefined)!.succeed(3);
    await expect.poll(() => events.filter((event) => event === 'flush')).toHaveLength(2);
  });

  it('that does not end is taken as timed out shortly before the deadline', async () => {
    const { parts, events } = start();
    createStartCall(parts)({}, { ...LAMBDA, getRemainingTimeInMillis: () => 50 }, undefined);
    await expect.poll(() => events).toEqual(['begin r', 'timeout', 'flush', 'count', 'flush']);
  });

  it('that ends shortly before the deadline is not counted as timed out, and leaves nothing to the next process', async () => {
    const crashRecord: CrashRecord = { ...NO_CRASH, leave: () => events.push('leave') };
    const { parts, events } = start({ crashRecord });
    const lambda = { ...LAMBDA, getRemainingTimeInMillis: () => 1000 };
    const call = createStartCall(parts)({}, lambda, undefined)!;
    await expect.poll(() => events).toContain('timeout');
    call.succeed('result');
    await new Promise((resolve) => setTimeout(resolve, 110));
    expect(events).toEqual(['begin r', 'timeout', 'flush', 'flush', 'release r']);
  });

  it('tells of a timeout before the calls that were open: it may decide that their trace is told', async () => {
    const calls = { list: () => [tracer.startSpan('GET')] };
    const tracer = createTracerProvider({
      clock: () => 5,
      ids: createIdSource((bytes) => bytes.fill(7)),
      activeContext: () => ROOT_CONTEXT,
      runWith: (_, run) => run(),
      describe: () => ({}),
      onEnd: () => {},
    }).getTracer('test');
    const { parts, events } = start({ tellInterrupted: () => events.push('call') });
    const lambda = { ...LAMBDA, getRemainingTimeInMillis: () => 50 };
    createStartCall({ ...parts, calls: { ...parts.calls, ...calls } })({}, lambda, undefined);
    await expect.poll(() => events).toContain('call');
    expect(events.slice(0, 3)).toEqual(['begin r', 'timeout', 'call']);
  });

  it('tells of the calls that are open shortly before the deadline, and leaves them open', async () => {
    const told: EndedSpan[] = [];
    const tracer = createTracerProvider({
      clock: () => 5,
      ids: createIdSource((bytes) => bytes.fill(7)),
      activeContext: () => ROOT_CONTEXT,
      runWith: (_, run) => run(),
      describe: () => ({}),
      onEnd: (span) => told.push(span),
    }).getTracer('test');
    const span = tracer.startSpan('GET', { attributes: { a: 1 } });
    const { parts } = start({ tellInterrupted: (interrupted) => told.push(interrupted) });
    const lambda = { ...LAMBDA, getRemainingTimeInMillis: () => 50 };
    const calls = { ...parts.calls, list: () => [span] };
    createStartCall({ ...parts, calls })({}, lambda, undefined);
    await expect.poll(() => told).toHaveLength(1);
    span.setAttribute('b', 2).end();
    expect(
      told.map(({ context, attributes, status }) => [context.spanId, { ...attributes }, status]),
    ).toEqual([
      [span.spanContext().spanId, { a: 1, 'clickspan.end_reason': 'timeout' }, { code: 0 }],
      [span.spanContext().spanId, { a: 1, b: 2 }, { code: 0 }],
    ]);
  });
});
