import type { LambdaAgent } from './agents.ts';
import { readCpuMs, readRssMb } from './processFigures.ts';
import { rest, rotate, type Stage } from './stage.ts';

/** How much to measure. */
export interface WarmCounts {
  /** Differences against the bare function, of each kind of invocation. */
  readonly pairs: number;
  /** Over so many environments of each agent, one after another: processes differ. */
  readonly environments: number;
  /** Invocations before the first that counts. */
  readonly warmUp: number;
}

/** Everything that was seen of one agent's warm environments. */
export interface WarmSamples {
  /** The caller's path in the order of rounds, ms: so that two agents' can be subtracted. */
  readonly plainMs: number[];
  /** The same where the function makes three HTTP requests. */
  readonly callingMs: number[];
  /** After the response, of invocations without requests, ms. */
  readonly tailMs: number[];
  /** By environment: CPU of an invocation without requests, everything after it included, ms. */
  readonly cpuMs: number[];
  /** By environment: memory after the invocations of the warm-up. */
  readonly rssMb: number[];
}

/** Requests of an invocation that has children. */
export const CHILD_CALLS = 3;
/** What is sent later than the end of the last invocation counts too, if it comes within this time. */
const LATE_MS = 300;

/**
 * Invokes all agents of a stage in turn, one invocation at a time, in environments that nothing stops.
 *
 * @param stage one that does not freeze
 */
export async function measureWarm(
  stage: Stage,
  { pairs, environments, warmUp }: WarmCounts,
): Promise<ReadonlyMap<LambdaAgent, WarmSamples>> {
  const samples = new Map<LambdaAgent, WarmSamples>(
    stage.agents.map((agent) => [agent, { plainMs: [], callingMs: [], tailMs: [], cpuMs: [], rssMb: [] }]),
  );
  const rounds = Math.ceil(pairs / environments);
  for (let n = 0; n < environments; n++) {
    for (const agent of stage.agents) await stage.initialize(agent);
    await repeat(stage, warmUp, async (agent) => void (await stage.invoke(agent)));
    await rest(LATE_MS);
    const cpuBefore = new Map<LambdaAgent, number>();
    for (const agent of stage.agents) {
      samples.get(agent)!.rssMb.push(readRssMb(groupOf(stage, agent)));
      cpuBefore.set(agent, readCpuMs(groupOf(stage, agent)));
    }
    await repeat(stage, rounds, async (agent) => {
      const { responseMs, tailMs } = await stage.invoke(agent);
      samples.get(agent)!.plainMs.push(responseMs);
      samples.get(agent)!.tailMs.push(tailMs);
    });
    await rest(LATE_MS);
    for (const agent of stage.agents) {
      const spent = readCpuMs(groupOf(stage, agent)) - cpuBefore.get(agent)!;
      samples.get(agent)!.cpuMs.push(spent / rounds);
    }
    // The first ones open connections and are compiled.
    await repeat(
      stage,
      Math.ceil(warmUp / 2),
      async (agent) => void (await stage.invoke(agent, CHILD_CALLS)),
    );
    await repeat(stage, rounds, async (agent) => {
      samples.get(agent)!.callingMs.push((await stage.invoke(agent, CHILD_CALLS)).responseMs);
    });
    for (const agent of stage.agents) {
      await stage.kill(agent);
      stage.intakeOf(agent).forget();
    }
  }
  return samples;
}

async function repeat(
  stage: Stage,
  rounds: number,
  once: (agent: LambdaAgent) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const agent of rotate(stage.agents, round)) await once(agent);
  }
}

function groupOf(stage: Stage, agent: LambdaAgent): number {
  return stage.environmentOf(agent).processGroupId!;
}
