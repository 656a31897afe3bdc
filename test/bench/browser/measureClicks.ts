import type { BenchAgent } from './agents.ts';
import { openPageWith, rest, startAgentIn, type Stage, type StagePage } from './driver.ts';
import { quantile } from '../figure.ts';

const BUTTONS = 12;
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

interface Spot {
  readonly x: number;
  readonly y: number;
}

/** A page as deep as pages are: each button in a list in a section, with markup in it, and a listener that changes it. */
function setUpButtons({ page }: StagePage): Promise<Spot[]> {
  return page.evaluate((count) => {
    const own = window as unknown as BenchWindow;
    own.dispatchTimesMs = [];
    window.addEventListener('click', () => (own.dispatchStartMs = performance.now()), true);
    const items = Array.from(
      { length: count },
      (_, n) => `<li><div class="row"><button type="button" class="btn"><svg width="8" height="8"></svg>
        <span>Add <b>item ${n}</b> to cart</span></button><output></output></div></li>`,
    );
    const main = document.createElement('main');
    main.innerHTML = `<section><form onsubmit="return false"><ul>${items.join('')}</ul></form></section>`;
    document.body.prepend(main);
    return Array.from(document.querySelectorAll('button'), (button) => {
      button.addEventListener('click', () => {
        button.nextElementSibling!.textContent = 'Added';
      });
      const { x, y, width, height } = button.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    });
  }, BUTTONS);
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

async function click({ cdp }: StagePage, { x, y }: Spot): Promise<void> {
  const at = { x, y, button: 'left', clickCount: 1 } as const;
  await cdp.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at });
  await cdp.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at });
}
