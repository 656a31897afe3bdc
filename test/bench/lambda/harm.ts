import type { RuntimeClientKind } from '@clickspan/emulator';
import { quantile, toBoundedFigure, toFigure, toNoise, type Figure } from '../figure.ts';
import type { LambdaAgent } from './agents.ts';
import { SLOW_MS, type CollectorMode } from './intake.ts';
import type { CollectorSamples } from './measureCollectors.ts';

/** What a collector in one condition does to a function. */
export interface Harm {
  /** What the caller waits more. */
  readonly added: Figure;
  /** How much longer the longest of a hundred waits. */
  readonly addedP99: Figure;
  /** After the response, usually. */
  readonly tail: Figure;
  readonly longestTail: Figure;
  /** After the response in the second half of the invocations, when a breaker has had its time to open. */
  readonly laterTail: Figure;
  readonly changed: Figure;
}

/** What a collector in any condition may do to a function. */
const GOALS = {
  addedMs: 0.05,
  addedP99Ms: 2,
  /** The cap of 200 ms, and what it takes to ask for the next event. */
  longestTailMs: 210,
  /** One round trip to the slow collector, and what timers and sockets add to it. */
  slowTailMs: SLOW_MS + 5,
  /** Nobody is waited for, since the breaker is open or exports overlap: nothing but the asking for the next event. */
  noTailMs: 1,
  changed: 0,
} as const;

/** Whose figures they are. */
export interface HarmOf {
  readonly agent: LambdaAgent;
  readonly mode: CollectorMode;
  readonly runtime: string;
  readonly client: RuntimeClientKind;
}

/** Makes figures of samples; those of our own agent are judged. */
export function toHarm({ agent, mode, runtime, client }: HarmOf, samples: CollectorSamples): Harm {
  const { addedMs, noiseMs, tracedMs, bareMs, tailMs, changed } = samples;
  const isBroken = mode !== 'fine' && mode !== '50 ms';
  const spec = (name: string, unit: 'ms' | 'count', goal: number | undefined) =>
    ({
      name: `lambda: ${name}, collector ${mode} (${runtime})`,
      agent: agent.id,
      unit,
      goal: agent.isOwn ? goal : undefined,
      better: 'less',
      client,
    }) as const;
  const later = tailMs.slice(Math.floor(tailMs.length / 2));
  const slowTail = agent.overlaps ? GOALS.noTailMs : GOALS.slowTailMs;
  return {
    added: toBoundedFigure(spec('response added', 'ms', GOALS.addedMs), addedMs, toNoise(noiseMs)),
    addedP99: toFigure(spec('response added at p99', 'ms', GOALS.addedP99Ms), [
      quantile(tracedMs, 0.99) - quantile(bareMs, 0.99),
    ]),
    tail: toFigure(spec('tail', 'ms', mode === '50 ms' ? slowTail : undefined), tailMs),
    longestTail: toFigure(spec('longest tail', 'ms', GOALS.longestTailMs), [Math.max(...tailMs)]),
    laterTail: toFigure(spec('tail later on', 'ms', isBroken ? GOALS.noTailMs : undefined), later),
    changed: toFigure(spec('results changed', 'count', GOALS.changed), [changed]),
  };
}

/** All figures of one condition. */
export function listHarm({ added, addedP99, tail, longestTail, laterTail, changed }: Harm): Figure[] {
  return [added, addedP99, tail, longestTail, laterTail, changed];
}
