import type { BenchAgent } from './agents.ts';
import {
  makeCalls,
  openPageWith,
  rest,
  seem,
  startAgentIn,
  type CallKind,
  type Stage,
  type StagePage,
} from './driver.ts';
import { countSpans } from './intake.ts';

/** What one page with an agent cost. */
export interface CallsSample {
  /** CPU time of the main thread per request, µs: with waiting, serialising and sending, without time asleep. */
  readonly cpuUs: Readonly<Record<CallKind, number>>;
  /** Live objects of the page after two forced collections. */
  readonly heapAfterStartBytes: number;
  readonly heapAfterCallsBytes: number;
  /** What left the page until it was closed, per request. */
  readonly plainBytesPerCall: number;
  readonly gzipBytesPerCall: number;
  readonly wireBytesPerCall: number;
  readonly posts: number;
  /** Request spans per request, where they can be counted. */
  readonly exportedShare: number | undefined;
}

/** How much to ask for. */
export interface CallsOptions {
  /** Requests of each kind. */
  readonly calls: number;
}

const WARM_UP_CALLS = 10;
const PATH = '/api/items';
/** What an agent puts off until the page is idle has been done by then. */
const SETTLE_MS = 700;
/** How long an agent gets from the last request on until the page seems hidden. */
const TAIL_MS = 700;
const QUIET_MS = 300;

/** Makes requests one after another in a fresh page, first by `fetch`, then by XHR, and lets the agent send all of them. */
export async function measureCalls(
  stage: Stage,
  agent: BenchAgent,
  { calls }: CallsOptions,
): Promise<CallsSample> {
  const stagePage = await openPageWith(stage, agent);
  try {
    await stagePage.cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    await startAgentIn(stagePage, stage);
    await rest(SETTLE_MS);
    const heapAfterStartBytes = await readHeap(stagePage);
    const fetchUs = await measureKind(stage, stagePage, 'fetch', calls);
    await seem(stagePage, 'visible');
    const xhrUs = await measureKind(stage, stagePage, 'xhr', calls);
    await seem(stagePage, 'left');
    await stage.intake.waitForQuiet(QUIET_MS);
    const heapAfterCallsBytes = await readHeap(stagePage);
    // What the agent has left to the browser to send goes now.
    await stagePage.close();
    await stage.intake.waitForQuiet(QUIET_MS);
    const received = stage.intake.receivedFrom(stagePage.id);
    const made = 2 * (calls + WARM_UP_CALLS);
    return {
      cpuUs: { fetch: fetchUs, xhr: xhrUs },
      heapAfterStartBytes,
      heapAfterCallsBytes,
      plainBytesPerCall: received.plainBytes / made,
      gzipBytesPerCall: received.gzipBytes / made,
      wireBytesPerCall: received.wireBytes / made,
      posts: received.posts,
      exportedShare: agent.sendsOtlp ? countSpans(received, PATH) / made : undefined,
    };
  } finally {
    await stagePage.close();
    stage.intake.forget();
  }
}

async function measureKind(
  stage: Stage,
  stagePage: StagePage,
  kind: CallKind,
  calls: number,
): Promise<number> {
  await makeCalls(stagePage, kind, WARM_UP_CALLS, PATH);
  const before = await readTaskSeconds(stagePage);
  await makeCalls(stagePage, kind, calls, PATH);
  await rest(TAIL_MS);
  await seem(stagePage, 'hidden');
  await stage.intake.waitForQuiet(QUIET_MS);
  return ((await readTaskSeconds(stagePage)) - before) * (1e6 / calls);
}

async function readTaskSeconds({ cdp }: StagePage): Promise<number> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')!.value;
}

async function readHeap({ cdp }: StagePage): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.collectGarbage');
  return (await cdp.send('Runtime.getHeapUsage')).usedSize;
}
