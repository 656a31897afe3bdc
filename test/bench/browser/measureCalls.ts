import type { BenchAgent } from './agents.ts';
import { click, setUpButtons, type Spot } from './buttons.ts';
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
import { readHeap, SETTLE_MS } from './measureHeap.ts';

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

/** Requests that a click makes, one after another. */
const CALLS_PER_CLICK = 10;

/**
 * Makes requests by `fetch` in clicks, which is where agents have most to do; the clicks count, and the sending.
 *
 * @returns CPU time of the main thread per request, µs
 */
export async function measureCallsInClicks(
  stage: Stage,
  agent: BenchAgent,
  { calls }: CallsOptions,
): Promise<number> {
  const stagePage = await openPageWith(stage, agent);
  try {
    await stagePage.cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const spots = await setUpButtons(stagePage);
    await startAgentIn(stagePage, stage);
    await makeCallsOnClick(stagePage, CALLS_PER_CLICK, PATH);
    await rest(SETTLE_MS);
    await clickAndWait(stagePage, spots[0]!);
    const before = await readTaskSeconds(stagePage);
    const clicks = Math.ceil(calls / CALLS_PER_CLICK);
    for (let n = 0; n < clicks; n++) await clickAndWait(stagePage, spots[n % spots.length]!);
    await rest(TAIL_MS);
    await seem(stagePage, 'hidden');
    await stage.intake.waitForQuiet(QUIET_MS);
    return ((await readTaskSeconds(stagePage)) - before) * (1e6 / (clicks * CALLS_PER_CLICK));
  } finally {
    await stagePage.close();
    stage.intake.forget();
  }
}

interface ClickWindow {
  /** Resolves when the requests of the next click have been answered. */
  clicked: Promise<void>;
}

function makeCallsOnClick({ page }: StagePage, count: number, path: string): Promise<void> {
  return page.evaluate(
    ({ count, path }) => {
      const own = window as unknown as ClickWindow;
      let finish: () => void;
      const renew = (): void => {
        own.clicked = new Promise((done) => (finish = done));
      };
      renew();
      document.querySelector('main')!.addEventListener('click', async () => {
        for (let n = 0; n < count; n++) await (await fetch(path)).json();
        finish();
        renew();
      });
    },
    { count, path },
  );
}

async function clickAndWait(stagePage: StagePage, spot: Spot): Promise<void> {
  const clicked = stagePage.page.evaluate(() => (window as unknown as ClickWindow).clicked);
  await click(stagePage, spot);
  await clicked;
}

async function readTaskSeconds({ cdp }: StagePage): Promise<number> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')!.value;
}
