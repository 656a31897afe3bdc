import type { BenchAgent } from './agents.ts';
import { openPageWith, rest, startAgentIn, type Stage, type StagePage } from './driver.ts';

/** What an agent puts off until the page is idle has been done by then. */
export const SETTLE_MS = 700;

/** Starts an agent in a fresh page; gives the live bytes when the page is idle. */
export async function measureHeapAfterStart(stage: Stage, agent: BenchAgent): Promise<number> {
  const stagePage = await openPageWith(stage, agent);
  try {
    await startAgentIn(stagePage, stage);
    await rest(SETTLE_MS);
    return await readHeap(stagePage);
  } finally {
    await stagePage.close();
    stage.intake.forget();
  }
}

/** Live bytes of a page after two forced collections. */
export async function readHeap({ cdp }: StagePage): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.collectGarbage');
  return (await cdp.send('Runtime.getHeapUsage')).usedSize;
}
