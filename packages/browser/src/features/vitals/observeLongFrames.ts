import { maskText } from '@clickspan/shared/masking';
import type { AfterLoad } from '../../platform/afterLoad.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Guard } from '../../platform/guard.ts';
import { observeEntries } from '../../platform/performanceEntries.ts';

/** What observing long frames needs. */
export interface LongFramesDeps {
  readonly window: Window & typeof globalThis;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly afterLoad: AfterLoad;
  readonly actions: {
    addMainThread(
      startUnixMs: number,
      endUnixMs: number,
      script: { readonly url: string; readonly ms: number } | undefined,
    ): void;
  };
}

/** Frames and tasks count as long from here on, and so do scripts. */
const LONG_MS = 50;

/**
 * Tells actions how long the main thread was busy: by long animation frames, with the script that blocked it longest, or
 * where the browser has none, by long tasks.
 *
 * @returns undoes it
 */
export function observeLongFrames(deps: LongFramesDeps): () => void {
  const { window, guard, clock, afterLoad } = deps;
  let stop = (): void => {};
  const stopWaiting = afterLoad(() => {
    const type = 'PerformanceLongAnimationFrameTiming' in window ? 'long-animation-frame' : 'longtask';
    stop = observeEntries(window, guard, type, (entry) => {
      const { startTime, duration, scripts = [] } = entry as LongFrame;
      const startUnixMs = clock.fromTimeStamp(startTime);
      const [longest] = [...scripts].sort((a, b) => b.duration - a.duration);
      const isLong = longest && longest.duration >= LONG_MS;
      const script = isLong ? { url: maskText(longest.sourceURL), ms: longest.duration } : undefined;
      deps.actions.addMainThread(startUnixMs, startUnixMs + duration, script);
    }).stop;
  });
  return () => {
    stopWaiting();
    stop();
  };
}

/** Long tasks have no scripts. */
interface LongFrame extends PerformanceEntry {
  readonly scripts?: readonly (PerformanceEntry & { readonly sourceURL: string })[];
}
