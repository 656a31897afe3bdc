import { cpus, loadavg } from 'node:os';

/** What the numbers were taken on. */
export interface Machine {
  readonly cores: number;
  /** Processes that wanted to run, on average over a minute, before the first round. */
  readonly load: number;
}

/** Looks at this machine. */
export function readMachine(): Machine {
  return { cores: cpus().length, load: loadavg()[0]! };
}

/** What to say before measuring on a machine that is busy; nothing where it is not. */
export function warnOfLoad({ cores, load }: Machine): string | undefined {
  if (load <= cores / 4) return undefined;
  return `The machine is busy (load ${load.toFixed(1)} on ${cores} cores): take times with care.`;
}
