import { describe, expect, it } from 'vitest';
import { createResourceTimings, type AwaitedRequest, type ResourceTimings } from './resourceTimings.ts';

const HREF = 'https://api.example/a';

interface Setup {
  readonly timings: ResourceTimings;
  readonly requests: Set<AwaitedRequest>;
  /** Hands an entry over as the browser does. */
  readonly entry: (startTime: number, more?: Partial<PerformanceResourceTiming>) => void;
  readonly isObserving: () => boolean;
}

function setUp(): Setup {
  let observer: ((entry: PerformanceResourceTiming) => void) | undefined;
  const requests = new Set<AwaitedRequest>();
  const timings = createResourceTimings(
    {
      clock: { now: () => 0, fromTimeStamp: (ms) => 1000 + ms },
      observe(onEntry) {
        observer = onEntry;
        return {
          take() {},
          stop() {
            observer = undefined;
          },
        };
      },
    },
    requests,
  );
  timings.start();
  return {
    timings,
    requests,
    entry(startTime, more) {
      observer?.({ name: HREF, startTime, responseStart: 0, responseEnd: startTime + 5, ...more } as never);
    },
    isObserving: () => observer !== undefined,
  };
}

function ask(
  requests: Set<AwaitedRequest>,
  fromMs: number,
  toMs: number,
  answeredMs?: number,
): AwaitedRequest {
  const request: AwaitedRequest = {
    href: HREF,
    startUnixMs: 1000 + fromMs,
    sentUnixMs: 1000 + toMs,
    answeredUnixMs: answeredMs === undefined ? undefined : 1000 + answeredMs,
    entry: undefined,
    onEntry() {},
  };
  requests.add(request);
  return request;
}

describe('resourceTimings', () => {
  it('finds the request of an entry by its address, and by the call within which it began', () => {
    const { requests, entry } = setUp();
    const request = ask(requests, 10, 10.3);
    entry(10.1, { name: 'https://api.example/b' });
    entry(9.9);
    entry(10.4);
    expect(request.entry).toBeUndefined();
    entry(10.2, { name: `${HREF}#part` });
    expect(request.entry?.startTime).toBe(10.2);
  });

  it('gives an entry to one request only', () => {
    const { requests, entry } = setUp();
    const [one, two] = [ask(requests, 10, 10.3), ask(requests, 10.3, 10.5)];
    entry(10.4);
    entry(10.1);
    entry(10.1);
    expect([one, two].map((request) => request.entry?.startTime)).toEqual([10.1, 10.4]);
  });

  it('tells requests of the same tick of the clock apart by when they were answered', () => {
    const { requests, entry } = setUp();
    const [one, two, open] = [
      ask(requests, 10, 10.1, 41),
      ask(requests, 10.1, 10.1, 21),
      ask(requests, 10.1, 10.1),
    ];
    entry(10.1, { responseStart: 20, responseEnd: 30 });
    entry(10.1, { responseEnd: 40 });
    expect([one, two, open].map((request) => request.entry?.responseEnd)).toEqual([40, 30, undefined]);
  });

  it('observes until it is stopped', () => {
    const { timings, isObserving } = setUp();
    timings.start();
    expect(isObserving()).toBe(true);
    timings.stop();
    expect(isObserving()).toBe(false);
    timings.start();
    expect(isObserving()).toBe(true);
  });
});
