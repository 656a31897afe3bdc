/** Turns many wishes for the same work into few runs of it. */
export interface Coalescer {
  /** Asks for a run: at once when none is under way or just over, else one run for all who asked in the meantime. */
  readonly ask: () => void;
  readonly stop: () => void;
}

/**
 * Creates a coalescer.
 *
 * @param run the work; two runs never overlap, and it must not reject
 * @param gapMs least time between the end of a run and the start of the next
 */
export function createCoalescer(run: () => Promise<void>, gapMs: number): Coalescer {
  let phase: 'idle' | 'running' | 'resting' | 'stopped' = 'idle';
  let wanted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const rest = (): void => {
    if (phase === 'stopped') return;
    phase = 'resting';
    timer = setTimeout(() => {
      phase = 'idle';
      if (wanted) begin();
    }, gapMs);
  };
  const begin = (): void => {
    wanted = false;
    phase = 'running';
    void run().then(rest, rest);
  };
  return {
    ask: () => {
      if (phase === 'idle') begin();
      else wanted = true;
    },
    stop: () => {
      phase = 'stopped';
      clearTimeout(timer);
    },
  };
}
