/** Time that only moves when a test says so. */
export interface FakeTime {
  /** Unix ms. */
  readonly now: () => number;
  /** Calls back once when enough time has been let pass; the returned function cancels. */
  readonly after: (delayMs: number, run: () => void) => () => void;
  /** Lets time pass, running what is due in order, with a turn for promises after each. */
  advance(ms: number): Promise<void>;
}

/** Makes time that stands still. */
export function createFakeTime(startUnixMs = 1_700_000_000_000): FakeTime {
  let nowUnixMs = startUnixMs;
  const timers = new Set<{ readonly atUnixMs: number; readonly run: () => void }>();
  const turn = (): Promise<void> => new Promise((done) => setImmediate(done));
  return {
    now: () => nowUnixMs,
    after(delayMs, run) {
      const timer = { atUnixMs: nowUnixMs + Math.max(0, delayMs), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const endUnixMs = nowUnixMs + ms;
      await turn();
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.atUnixMs - b.atUnixMs);
        if (!next || next.atUnixMs > endUnixMs) break;
        timers.delete(next);
        nowUnixMs = Math.max(nowUnixMs, next.atUnixMs);
        next.run();
        await turn();
      }
      nowUnixMs = endUnixMs;
    },
  };
}
