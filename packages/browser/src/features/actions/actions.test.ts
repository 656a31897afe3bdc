import { ROOT_CONTEXT } from '@clickspan/shared/context';
import { createTracerProvider } from '@clickspan/shared/tracer';
import { describe, expect, it } from 'vitest';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import { createActions, type Action, type ActionInit } from './actions.ts';

interface Ended {
  readonly afterMs: number;
  readonly reason: unknown;
}

const page = {
  MutationObserver: class {
    observe(): void {}
    disconnect(): void {}
  },
  location: new URL('https://page.example/'),
};

/** Starts a click in a page of which nothing else is known. */
function start(onQuiet?: ActionInit['onQuiet']): { time: FakeTime; action: Action; ended: Ended[] } {
  const time = createFakeTime();
  const startUnixMs = time.now();
  const ended: Ended[] = [];
  const tracer = createTracerProvider({
    clock: time.now,
    ids: { traceId: () => 'a'.repeat(32), spanId: () => 'a'.repeat(16) },
    activeContext: () => ROOT_CONTEXT,
    runWith: (_context, run) => run(),
    describe: () => ({}),
    onEnd: ({ endUnixMs, attributes }) =>
      ended.push({ afterMs: endUnixMs - startUnixMs, reason: attributes['clickspan.end_reason'] }),
  }).getTracer('test');
  const action = createActions({
    window: page as unknown as Window & typeof globalThis,
    tracer,
    clock: { now: time.now, fromTimeStamp: (ms) => ms },
    after: time.after,
    guard: (run) => run(),
    current: { get: () => ROOT_CONTEXT },
    options: { beforeAction: undefined },
  }).start({ type: 'click', name: 'x', startUnixMs, isTrusted: true, ...(onQuiet && { onQuiet }) })!;
  return { time, action, ended };
}

describe('the end of an action', () => {
  it('comes when it was quiet, with what last happened', async () => {
    const { time, action, ended } = start();
    await time.advance(100);
    action.touch();
    await time.advance(240);
    expect(ended).toEqual([]);
    await time.advance(20);
    expect(ended).toEqual([{ afterMs: 100, reason: undefined }]);
    expect(action.isOpen).toBe(false);
  });

  it('waits for what it holds, and ends where that has ended', async () => {
    const { time, action, ended } = start();
    const first = action.hold();
    const second = action.hold();
    await time.advance(5000);
    first();
    first();
    await time.advance(5000);
    expect(ended).toEqual([]);
    second();
    await time.advance(300);
    expect(ended).toEqual([{ afterMs: 10_000, reason: undefined }]);
  });

  it('waits for a short timer without growing by it', async () => {
    const { time, action, ended } = start();
    action.expect(1000);
    await time.advance(1200);
    expect(ended).toEqual([]);
    await time.advance(100);
    expect(ended).toEqual([{ afterMs: 0, reason: undefined }]);
  });

  it('does not wait for a long timer, nor for one that is started again and again', async () => {
    const { time, action, ended } = start();
    action.expect(5000);
    const tick = (): void => {
      action.expect(200);
      time.after(200, tick);
    };
    tick();
    await time.advance(2000);
    expect(ended).toEqual([{ afterMs: 0, reason: undefined }]);
  });

  it('waits for the DOM to settle and ends with it, but not for what changes for ever', async () => {
    const { time, action, ended } = start();
    const change = (): void => {
      action.settle();
      time.after(100, change);
    };
    const stop = time.after(100, change);
    await time.advance(1740);
    expect(ended).toEqual([]);
    await time.advance(20);
    expect(ended).toEqual([{ afterMs: 1500, reason: undefined }]);
    stop();
  });

  it('ends at the cap at the latest, and says so', async () => {
    const { time, action, ended } = start();
    action.hold();
    await time.advance(29_999);
    expect(action.isPastCap()).toBe(false);
    await time.advance(1);
    expect(ended).toEqual([{ afterMs: 30_000, reason: 'cap' }]);
    expect(action.isPastCap()).toBe(true);
  });

  it('comes as much later as is asked for when it is quiet, and no sooner for what happens meanwhile', async () => {
    const asked: number[] = [];
    const { time, action, ended } = start((_action, lastUnixMs) => {
      asked.push(lastUnixMs - beginUnixMs);
      return asked.length < 2 ? 750 : undefined;
    });
    const beginUnixMs = time.now();
    await time.advance(900);
    expect(asked).toEqual([0]);
    action.touch();
    await time.advance(200);
    expect(ended).toEqual([]);
    await time.advance(50);
    expect(asked).toEqual([0, 900]);
    expect(ended).toEqual([{ afterMs: 900, reason: undefined }]);
  });

  it('is not asked about where it comes from outside: nobody has waited long enough to say', async () => {
    let count = 0;
    const { time, action, ended } = start(() => void count++);
    await time.advance(100);
    action.end('pagehide');
    await time.advance(5000);
    expect(ended).toHaveLength(1);
    expect(count).toBe(0);
  });

  it('ends early with a reason only when something is still awaited', async () => {
    const quiet = start();
    quiet.action.end('pagehide');
    expect(quiet.ended).toEqual([{ afterMs: 0, reason: undefined }]);
    const busy = start();
    busy.action.hold();
    await busy.time.advance(70);
    busy.action.end();
    expect(busy.ended).toEqual([]);
    busy.action.end('pagehide');
    expect(busy.ended).toEqual([{ afterMs: 70, reason: 'pagehide' }]);
  });
});
