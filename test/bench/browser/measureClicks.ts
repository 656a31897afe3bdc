import type { BenchAgent } from './agents.ts';
import { click, setUpButtons } from './buttons.ts';
import { openPageWith, rest, startAgentIn, type Stage, type StagePage } from './driver.ts';
import { quantile } from '../figure.ts';

const WARM_UP_CLICKS = 5;
/** Between two clicks, so that what one has caused does not run into the next. */
const GAP_MS = 20;

/** How much to ask for. */
export interface ClicksOptions {
  readonly clicks: number;
}

/**
 * Clicks on buttons as a user does, and says how long the dispatch of the event took, ms (median): from a capturing
 * listener that was there before the agent to one at the end of bubbling, with all that the agent does between them, its
 * microtasks too.
 */
export async function measureClicks(
  stage: Stage,
  agent: BenchAgent,
  { clicks }: ClicksOptions,
): Promise<number> {
  const stagePage = await openPageWith(stage, agent);
  try {
    await listenAtTheStart(stagePage);
    const spots = await setUpButtons(stagePage);
    await startAgentIn(stagePage, stage);
    await listenAtTheEnd(stagePage);
    await rest(500);
    for (let n = 0; n < WARM_UP_CLICKS + clicks; n++) {
      await click(stagePage, spots[n % spots.length]!);
      await rest(GAP_MS);
    }
    const times = await stagePage.page.evaluate(() => (window as unknown as BenchWindow).dispatchTimesMs);
    if (times.length !== WARM_UP_CLICKS + clicks) {
      throw new Error(`Of ${WARM_UP_CLICKS + clicks} clicks ${times.length} arrived, with ${agent.name}.`);
    }
    return quantile(times.slice(WARM_UP_CLICKS), 0.5);
  } finally {
    await stagePage.close();
    stage.intake.forget();
  }
}

interface BenchWindow {
  dispatchStartMs: number;
  dispatchTimesMs: number[];
}

function listenAtTheStart({ page }: StagePage): Promise<void> {
  return page.evaluate(() => {
    const own = window as unknown as BenchWindow;
    own.dispatchTimesMs = [];
    window.addEventListener('click', () => (own.dispatchStartMs = performance.now()), true);
  });
}

/** After the agent's listeners, so that it hears of the click last. */
function listenAtTheEnd({ page }: StagePage): Promise<void> {
  return page.evaluate(() => {
    const own = window as unknown as BenchWindow;
    window.addEventListener('click', () => {
      own.dispatchTimesMs.push(performance.now() - own.dispatchStartMs);
    });
  });
}
