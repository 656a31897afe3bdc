import type { ServerTimingMetric } from '@clickspan/shared/serverTiming';
import { describe, expect, it } from 'vitest';
import { createResourceTimings, type ResourceTimings, type WatchedEntry } from './resourceTimings.ts';

interface Setup {
  readonly timings: ResourceTimings;
  /** Hands an entry over as the browser does, the name of the metric being what it says. */
  readonly entry: (name: string, startTime: number, says: string) => void;
  readonly isObserving: () => boolean;
}

function setUp(): Setup {
  let observer: ((entry: PerformanceResourceTiming) => void) | undefined;
  const timings = createResourceTimings({
    clock: { now: () => 0, fromTimeStamp: (ms) => 1000 + ms },
    observe(onEntry) {
      observer = onEntry;
      return () => {
        observer = undefined;
      };
    },
  });
  return {
    timings,
    entry(name, startTime, says) {
      const serverTiming = [{ name: says, duration: 1, description: '' }];
      observer?.({ name, startTime, serverTiming } as unknown as PerformanceResourceTiming);
    },
    isObserving: () => observer !== undefined,
  };
}

const URL_A = new URL('https://api.example/a#part');

function collect(watch: WatchedEntry): string[] {
  const said: string[] = [];
  watch.whenThere((metrics: readonly ServerTimingMetric[]) => said.push(metrics[0]!.name));
  return said;
}

describe('resourceTimings', () => {
  it('finds the entry of a request, before or after it is asked for', () => {
    const { timings, entry } = setUp();
    const early = timings.watch(URL_A, 1010);
    entry('https://api.example/b', 10, 'other');
    entry('https://api.example/a', 10.5, 'mine');
    expect(collect(early)).toEqual(['mine']);
    early.cancel();
    const late = collect(timings.watch(URL_A, 1020));
    entry('https://api.example/a', 20, 'later');
    expect(late).toEqual(['later']);
  });

  it('tells requests to one address apart, in whatever order they are answered', () => {
    const { timings, entry } = setUp();
    const said = [1010, 1011, 1012].map((startUnixMs) => collect(timings.watch(URL_A, startUnixMs)));
    entry('https://api.example/a', 12.3, 'third');
    entry('https://api.example/a', 10.9, 'first');
    entry('https://api.example/a', 11.1, 'second');
    expect(said).toEqual([['first'], ['second'], ['third']]);
  });

  it('does not take the entry of an earlier request', () => {
    const { timings, entry } = setUp();
    const said = collect(timings.watch(URL_A, 1010));
    entry('https://api.example/a', 5, 'earlier');
    expect(said).toEqual([]);
  });

  it('observes only while something waits', () => {
    const { timings, isObserving } = setUp();
    expect(isObserving()).toBe(false);
    const [one, two] = [timings.watch(URL_A, 1000), timings.watch(URL_A, 1001)];
    one.cancel();
    expect(isObserving()).toBe(true);
    two.cancel();
    expect(isObserving()).toBe(false);
  });
});
