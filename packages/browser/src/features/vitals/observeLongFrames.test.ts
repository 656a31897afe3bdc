import { describe, expect, it } from 'vitest';
import { createGuard } from '../../platform/guard.ts';
import { observeLongFrames } from './observeLongFrames.ts';

interface Script {
  readonly duration: number;
  readonly sourceURL: string;
}

/** What actions are told of a long frame with these scripts. */
function observe(scripts: readonly Script[] | undefined, hasLongFrames = true): unknown[] {
  const told: unknown[] = [];
  const entry = { startTime: 10, duration: 120, scripts };
  class PerformanceObserver {
    static readonly supportedEntryTypes: readonly string[] = ['long-animation-frame', 'longtask'];
    readonly tell: (list: unknown) => void;
    constructor(tell: (list: unknown) => void) {
      this.tell = tell;
    }
    observe({ type, buffered }: { type: string; buffered: boolean }): void {
      told.push([type, buffered]);
      this.tell({ getEntries: () => [entry] });
    }
    disconnect(): void {
      told.push('disconnect');
    }
  }
  const stop = observeLongFrames({
    window: {
      PerformanceObserver,
      ...(hasLongFrames && { PerformanceLongAnimationFrameTiming: Object }),
    } as never,
    guard: createGuard((error) => told.push(error)),
    clock: { now: () => 0, fromTimeStamp: (timeStampMs) => timeStampMs + 1000 },
    afterLoad(run) {
      run();
      return () => told.push('no waiting');
    },
    actions: { addMainThread: (...busy) => told.push(busy) },
  });
  stop();
  return told;
}

describe('observeLongFrames', () => {
  it('tells the frame, and of its scripts the longest, masked', () => {
    const scripts = [
      { duration: 60, sourceURL: 'https://a.example/short.js' },
      { duration: 90, sourceURL: 'https://a.example/long.js?token=secret' },
    ];
    expect(observe(scripts)).toEqual([
      ['long-animation-frame', true],
      [1010, 1130, { url: 'https://a.example/long.js?token=*', ms: 90 }],
      'no waiting',
      'disconnect',
    ]);
  });

  it('tells only the kind of a script that is its own address', () => {
    const told = observe([
      { duration: 90, sourceURL: `data:text/javascript;base64,${btoa('user("anna")')}` },
    ]);
    expect(told[1]).toMatchObject([1010, 1130, { url: 'data:text/javascript' }]);
  });

  it('names no script that was short', () => {
    const told = observe([{ duration: 49, sourceURL: 'https://a.example/short.js' }]);
    expect(told[1]).toEqual([1010, 1130, undefined]);
  });

  it('takes long tasks where there are no long frames', () => {
    expect(observe(undefined, false).slice(0, 2)).toEqual([
      ['longtask', true],
      [1010, 1130, undefined],
    ]);
  });
});
