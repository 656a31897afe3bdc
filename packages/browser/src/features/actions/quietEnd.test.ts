import { describe, expect, it } from 'vitest';
import { createFakeTime, type FakeTime } from '../../../../../test/support/fakeTime.ts';
import { createQuietEnd, type QuietEnd } from './quietEnd.ts';

interface Ended {
  readonly afterMs: number;
  readonly reason: string | undefined;
}

function start(): { time: FakeTime; quietEnd: QuietEnd; ended: Ended[] } {
  const time = createFakeTime();
  const startUnixMs = time.now();
  const ended: Ended[] = [];
  const quietEnd = createQuietEnd({
    startUnixMs,
    now: time.now,
    after: time.after,
    onEnd: (endUnixMs, reason) => ended.push({ afterMs: endUnixMs - startUnixMs, reason }),
  });
  return { time, quietEnd, ended };
}

describe('quietEnd', () => {
  it('ends when it was quiet, with what last happened', async () => {
    const { time, quietEnd, ended } = start();
    await time.advance(100);
    quietEnd.touch();
    await time.advance(240);
    expect(ended).toEqual([]);
    await time.advance(20);
    expect(ended).toEqual([{ afterMs: 100, reason: undefined }]);
    expect(quietEnd.isOpen()).toBe(false);
  });

  it('waits for what it holds, and ends where that has ended', async () => {
    const { time, quietEnd, ended } = start();
    const first = quietEnd.hold();
    const second = quietEnd.hold();
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
    const { time, quietEnd, ended } = start();
    quietEnd.expect(1000);
    await time.advance(1200);
    expect(ended).toEqual([]);
    await time.advance(100);
    expect(ended).toEqual([{ afterMs: 0, reason: undefined }]);
  });

  it('does not wait for a long timer, nor for one that is started again and again', async () => {
    const { time, quietEnd, ended } = start();
    quietEnd.expect(5000);
    const tick = (): void => {
      quietEnd.expect(200);
      time.after(200, tick);
    };
    tick();
    await time.advance(2000);
    expect(ended).toEqual([{ afterMs: 0, reason: undefined }]);
  });

  it('waits for the DOM to settle and ends with it, but not for what changes for ever', async () => {
    const { time, quietEnd, ended } = start();
    const change = (): void => {
      quietEnd.settle();
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
    const { time, quietEnd, ended } = start();
    quietEnd.hold();
    await time.advance(29_999);
    expect(quietEnd.isPastCap()).toBe(false);
    await time.advance(1);
    expect(ended).toEqual([{ afterMs: 30_000, reason: 'cap' }]);
    expect(quietEnd.isPastCap()).toBe(true);
  });

  it('ends early with a reason only when something is still awaited', async () => {
    const quiet = start();
    quiet.quietEnd.end('pagehide');
    expect(quiet.ended).toEqual([{ afterMs: 0, reason: undefined }]);
    const busy = start();
    busy.quietEnd.hold();
    await busy.time.advance(70);
    busy.quietEnd.endIfQuiet();
    expect(busy.ended).toEqual([]);
    busy.quietEnd.end('pagehide');
    expect(busy.ended).toEqual([{ afterMs: 70, reason: 'pagehide' }]);
  });
});
