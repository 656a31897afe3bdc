import type { LambdaAgent } from './agents.ts';
import { readCpuMs, readRssMb } from './processFigures.ts';
import { rotate, type Stage } from './stage.ts';

/** One cold start of one agent. */
export interface StartSample {
  /** From the process's start until runtime and extensions had asked for their first event. */
  readonly initMs: number;
  readonly initCpuMs: number;
  readonly initRssMb: number;
  /** The caller's path of the first invocation, without INIT. */
  readonly firstMs: number;
}

/**
 * Starts all agents of a stage in turn, again and again, each in a new environment that is stopped after INIT, looked at,
 * invoked once and killed.
 *
 * @param stage one that freezes
 * @param coldStarts of each agent; one more before them, whose files come from the disk, is not counted
 * @returns samples by round and agent
 */
export async function measureStarts(
  stage: Stage,
  coldStarts: number,
): Promise<ReadonlyMap<LambdaAgent, StartSample>[]> {
  for (const agent of stage.agents) await startOnce(stage, agent);
  const rounds: ReadonlyMap<LambdaAgent, StartSample>[] = [];
  for (let round = 0; round < coldStarts; round++) {
    const samples = new Map<LambdaAgent, StartSample>();
    for (const agent of rotate(stage.agents, round)) samples.set(agent, await startOnce(stage, agent));
    rounds.push(samples);
  }
  return rounds;
}

async function startOnce(stage: Stage, agent: LambdaAgent): Promise<StartSample> {
  const { processGroupId, initDurationMs } = await stage.initialize(agent);
  const initCpuMs = readCpuMs(processGroupId!);
  const initRssMb = readRssMb(processGroupId!);
  const { responseMs } = await stage.invoke(agent);
  await stage.kill(agent);
  return { initMs: initDurationMs!, initCpuMs, initRssMb, firstMs: responseMs };
}
