import { describe, expect, it } from 'vitest';
import { createAfterLoad } from './afterLoad.ts';
import { createGuard } from './guard.ts';

/** A window of which the load and what is idle are decided here. */
function createWindow(readyState: string, hasIdle = true) {
  const idle: (() => void)[] = [];
  const loads: (() => void)[] = [];
  const ask = (run: () => void): number => idle.push(run);
  const shown: (() => void)[] = [];
  const document = {
    readyState,
    prerendering: false,
    addEventListener: (_type: string, run: () => void) => shown.push(run),
  };
  const window = {
    document,
    addEventListener: (_type: string, run: () => void) =>
      loads.push(() => {
        document.readyState = 'complete';
        run();
      }),
    ...(hasIdle ? { requestIdleCallback: ask } : { setTimeout: ask }),
  };
  const caught: unknown[] = [];
  const afterLoad = createAfterLoad(
    window as never,
    createGuard((error) => caught.push(error)),
  );
  return { afterLoad, document, shown, idle, loads, caught };
}

describe('afterLoad', () => {
  it.each([true, false])(
    'waits for the load, then until the page is idle (idle callbacks: %s)',
    (hasIdle) => {
      const { afterLoad, idle, loads } = createWindow('interactive', hasIdle);
      let runs = 0;
      afterLoad(() => runs++);
      expect(idle).toHaveLength(0);
      loads.forEach((load) => load());
      expect([idle.length, runs]).toEqual([1, 0]);
      idle[0]!();
      expect(runs).toBe(1);
    },
  );

  it('waits until a page that was rendered in advance is shown, and for its load', () => {
    const { afterLoad, document, shown, idle, loads } = createWindow('interactive');
    document.prerendering = true;
    afterLoad(() => {});
    expect([shown.length, loads.length, idle.length]).toEqual([1, 0, 0]);
    document.prerendering = false;
    shown[0]!();
    expect([loads.length, idle.length]).toEqual([1, 0]);
    loads[0]!();
    expect(idle).toHaveLength(1);
  });

  it('waits for no load that is over', () => {
    const { afterLoad, idle, loads } = createWindow('complete');
    afterLoad(() => {});
    expect([idle.length, loads.length]).toEqual([1, 0]);
  });

  it('runs nothing that is not wanted any more, and lets no failure out', () => {
    const { afterLoad, idle, caught } = createWindow('complete');
    let runs = 0;
    afterLoad(() => runs++)();
    afterLoad(() => {
      throw new Error('ours');
    });
    idle.forEach((run) => run());
    expect([runs, caught.length]).toEqual([0, 1]);
  });
});
