import { isDeepStrictEqual } from 'node:util';
import { BARE, BARE_AGAIN, type LambdaAgent } from './agents.ts';
import { COLLECTOR_MODES, type CollectorMode } from './intake.ts';
import { rotate, type Invoked, type Stage } from './stage.ts';

/** What a collector's condition did to the function. */
export interface CollectorSamples {
  /** Caller's path less the bare function's of the same round, ms. */
  readonly addedMs: readonly number[];
  /** The same for a second bare function. */
  readonly noiseMs: readonly number[];
  /** Caller's paths themselves: far ends of differences would be both functions' noise. */
  readonly tracedMs: readonly number[];
  readonly bareMs: readonly number[];
  /** After the response, ms, in order. */
  readonly tailMs: readonly number[];
  /** Results that were not the bare function's. */
  readonly changed: number;
}

/** How much to measure. */
export interface CollectorCounts {
  /** Invocations of each function in a condition. */
  readonly pairs: (mode: CollectorMode) => number;
  /** Before those that count. */
  readonly warmUp: number;
}

/**
 * Invokes an agent's function and two bare ones in turn while the agent's collector is in each condition, each time in new
 * environments that have been warmed up with a collector that is fine.
 *
 * @param stage one that does not freeze, with the second bare function
 */
export async function measureCollectors(
  stage: Stage,
  agent: LambdaAgent,
  { pairs, warmUp }: CollectorCounts,
): Promise<ReadonlyMap<CollectorMode, CollectorSamples>> {
  const found = new Map<CollectorMode, CollectorSamples>();
  for (const mode of COLLECTOR_MODES) {
    const intake = stage.intakeOf(agent);
    const all = [BARE, BARE_AGAIN, agent];
    for (const one of all) await stage.initialize(one);
    for (let n = 0; n < warmUp; n++) for (const one of all) await stage.invoke(one);
    await intake.behave(mode);
    found.set(mode, await measureMode(stage, agent, pairs(mode)));
    for (const one of all) await stage.kill(one);
    await intake.behave('fine');
    intake.forget();
  }
  return found;
}

async function measureMode(stage: Stage, agent: LambdaAgent, count: number): Promise<CollectorSamples> {
  const rounds: ReadonlyMap<LambdaAgent, Invoked>[] = [];
  for (let round = 0; round < count; round++) {
    const invoked = new Map<LambdaAgent, Invoked>();
    for (const one of rotate([BARE, BARE_AGAIN, agent], round)) invoked.set(one, await stage.invoke(one));
    rounds.push(invoked);
  }
  const responsesOf = (one: LambdaAgent): number[] => rounds.map((round) => round.get(one)!.responseMs);
  const bareMs = responsesOf(BARE);
  const tracedMs = responsesOf(agent);
  const lessBare = (values: readonly number[]): number[] => values.map((ms, round) => ms - bareMs[round]!);
  const resultOf = (round: ReadonlyMap<LambdaAgent, Invoked>, one: LambdaAgent): unknown =>
    withoutServerTiming(round.get(one)!.payload);
  return {
    addedMs: lessBare(tracedMs),
    noiseMs: lessBare(responsesOf(BARE_AGAIN)),
    tracedMs,
    bareMs,
    tailMs: rounds.map((round) => round.get(agent)!.tailMs),
    changed: rounds.filter((round) => !isDeepStrictEqual(resultOf(round, BARE), resultOf(round, agent)))
      .length,
  };
}

/** A header more is what is asked for, not a changed result. */
function withoutServerTiming(payload: unknown): unknown {
  const { headers, ...rest } = payload as { headers: Record<string, unknown> };
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'server-timing');
  return { ...rest, headers: Object.fromEntries(others) };
}
