import type { BenchAgent } from './agents.ts';
import { openPageThatDefers, openPageWith, startAgentIn, type Stage } from './driver.ts';

/** How much slower than it is the processor is made to seem: about a phone of the middle class. */
export const THROTTLE = 4;

/** How long one start held the main thread, ms. */
export interface StartSample {
  readonly plainMs: number;
  readonly throttledMs: number;
  /** CPU time where the script comes by its address, with `defer`. */
  readonly deferredMs: number;
}

/** Starts an agent in three fresh pages, one of them throttled: compiling, evaluating, starting, with no code cache. */
export async function measureStart(stage: Stage, agent: BenchAgent): Promise<StartSample> {
  return {
    plainMs: await measureOne(stage, agent, 1),
    throttledMs: await measureOne(stage, agent, THROTTLE),
    deferredMs: await openPageThatDefers(stage, agent),
  };
}

async function measureOne(stage: Stage, agent: BenchAgent, rate: number): Promise<number> {
  const stagePage = await openPageWith(stage, agent);
  try {
    if (rate > 1) await stagePage.cdp.send('Emulation.setCPUThrottlingRate', { rate });
    return await startAgentIn(stagePage, stage);
  } finally {
    await stagePage.close();
  }
}
