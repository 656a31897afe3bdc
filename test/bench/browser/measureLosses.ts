import type { BenchAgent } from './agents.ts';
import { openPageWith, openStagePage, rest, seem, setStage, startAgentIn, type Stage } from './driver.ts';

/** How much of what pages did was missing from what their agents had sent. */
export interface Losses {
  readonly lost: number;
  readonly of: number;
}

/** How long after the last arrival nothing more is expected. */
const QUIET_MS = 1_500;
/** Requests of a page whose renderer is killed. */
const CALLS_BEFORE_KILL = 3;
/** From the answer of the last of them to the kill. */
const KILL_AFTER_MS = 100;

/**
 * Goes from page to page, each of which makes one request and navigates on in the very task in which the answer has been
 * read; counts the requests that no agent told of.
 */
export async function measureNavigationLosses(
  stage: Stage,
  agent: BenchAgent,
  navigations: number,
): Promise<Losses> {
  const { origin, intake } = stage;
  const id = 'leaving';
  serveAgent(stage, agent);
  origin.serve(
    '/leaving',
    'text/html',
    `<!doctype html><meta charset="utf-8"><title>Leaving</title>
<script src="/agent.js" data-endpoint="${intake.urlFor(id)}"></script>
<script>
const n = Number(new URLSearchParams(location.search).get('n'));
const words = ${JSON.stringify(toWords(navigations))};
const next = n + 1 < words.length ? '/leaving?n=' + (n + 1) : '/arrived';
addEventListener('load', () => setTimeout(async () => {
  await (await fetch('/api/' + words[n])).json();
  location.href = next;
}));
</script>`,
  );
  const stagePage = await openStagePage(stage);
  try {
    await stagePage.page.goto(`${origin.url}/leaving?n=0`);
    await stagePage.page.waitForURL('**/arrived', { timeout: 30_000 + navigations * 2_000 });
    await stagePage.close();
    await intake.waitForQuiet(QUIET_MS);
    return countLost(intake.receivedFrom(id).text, toWords(navigations));
  } finally {
    await stagePage.close();
    intake.forget();
  }
}

/**
 * Kills the renderer of a page shortly after its last request was answered, with SIGKILL, so that no code of the page runs
 * any more; counts the requests of which no agent told.
 *
 * @param times pages, each in a browser of its own
 */
export async function measureKillLosses(agent: BenchAgent, times: number): Promise<Losses> {
  let lost = 0;
  for (let n = 0; n < times; n++) lost += (await killOnce(agent)).lost;
  return { lost, of: times * CALLS_BEFORE_KILL };
}

async function killOnce(agent: BenchAgent): Promise<Losses> {
  const stage = await setStage();
  try {
    const id = 'killed';
    const words = toWords(CALLS_BEFORE_KILL);
    serveAgent(stage, agent);
    stage.origin.serve(
      '/killed',
      'text/html',
      `<!doctype html><meta charset="utf-8"><title>Killed</title>
<script src="/agent.js" data-endpoint="${stage.intake.urlFor(id)}"></script>`,
    );
    const { page } = await openStagePage(stage, '/killed');
    await page.evaluate(async (words) => {
      for (const word of words) await (await fetch(`/api/${word}`)).json();
    }, words);
    await rest(KILL_AFTER_MS);
    const crashed = new Promise((done) => page.once('crash', done));
    const browserCdp = await stage.browser.newBrowserCDPSession();
    const { processInfo } = await browserCdp.send('SystemInfo.getProcessInfo');
    // The browser has this page only, so all its renderers may go.
    for (const { type, id } of processInfo) if (type === 'renderer') process.kill(id, 'SIGKILL');
    await crashed;
    await stage.intake.waitForQuiet(QUIET_MS);
    return countLost(stage.intake.receivedFrom(id).text, words);
  } finally {
    await stage.close();
  }
}

function serveAgent({ origin }: Stage, { source }: BenchAgent): void {
  origin.serve('/agent.js', 'text/javascript', source);
}

const CONSONANTS = 'gklmnprstvwz'.split('');
const VOWELS = 'aeiou'.split('');
const SYLLABLES: readonly string[] = CONSONANTS.flatMap((c) => VOWELS.map((v) => c + v));

/** Different words of one length: agents leave a word in a path as it is, where they would mask a number. */
export function toWords(count: number): string[] {
  const base = SYLLABLES.length;
  return Array.from({ length: count }, (_, n) =>
    [Math.floor(n / base ** 2), Math.floor(n / base), n].map((digit) => SYLLABLES[digit % base]).join(''),
  );
}

function countLost(text: string, words: readonly string[]): Losses {
  const found = new Set(Array.from(text.matchAll(/\/api\/([a-z]+)/g), ([, word]) => word));
  return { lost: words.filter((word) => !found.has(word)).length, of: words.length };
}

/**
 * Makes requests to different addresses in one page, by turns with `fetch` and XHR; counts those of which its agent had not
 * told when it was closed.
 */
export async function measureExported(stage: Stage, agent: BenchAgent, calls: number): Promise<Losses> {
  const stagePage = await openPageWith(stage, agent);
  const words = toWords(calls);
  try {
    await startAgentIn(stagePage, stage);
    await rest(300);
    await stagePage.page.evaluate(async (words) => {
      const byXhr = (url: string): Promise<void> =>
        new Promise((done) => {
          const xhr = new XMLHttpRequest();
          xhr.open('GET', url);
          xhr.addEventListener('loadend', () => done());
          xhr.send();
        });
      for (const [n, word] of words.entries()) {
        await (n % 2 ? byXhr(`/api/${word}`) : (await fetch(`/api/${word}`)).json());
      }
    }, words);
    await rest(700);
    await seem(stagePage, 'left');
    await stage.intake.waitForQuiet(300);
    await stagePage.close();
    await stage.intake.waitForQuiet(300);
    return countLost(stage.intake.receivedFrom(stagePage.id).text, words);
  } finally {
    await stagePage.close();
    stage.intake.forget();
  }
}
