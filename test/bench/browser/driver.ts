import type { Browser, CDPSession, Page } from 'playwright-core';
import { launchChromium } from '../../support/chromium.ts';
import type { BenchAgent } from './agents.ts';
import { startIntake, type Intake } from './intake.ts';
import { HELD_PATH, startPageOrigin, type PageOrigin } from './pageOrigin.ts';

/** What every measurement in the browser needs. */
export interface Stage {
  readonly browser: Browser;
  readonly origin: PageOrigin;
  readonly intake: Intake;
  close(): Promise<void>;
}

/** Starts a browser, an origin for pages, and an intake. */
export async function setStage(): Promise<Stage> {
  const [browser, origin, intake] = await Promise.all([launchChromium(), startPageOrigin(), startIntake()]);
  return {
    browser,
    origin,
    intake,
    async close() {
      await browser.close();
      await Promise.all([origin.stop(), intake.stop()]);
    },
  };
}

/** A fresh page in a context of its own, in the front, with what can be asked about it. */
export interface StagePage {
  /** Names the page to the intake. */
  readonly id: string;
  readonly page: Page;
  readonly cdp: CDPSession;
  close(): Promise<void>;
}

let pages = 0;

/** Opens a page of the origin. */
export async function openStagePage(stage: Stage, path = '/'): Promise<StagePage> {
  const stagePage = await openBlankPage(stage);
  await stagePage.page.goto(`${stage.origin.url}${path}`);
  return stagePage;
}

async function openBlankPage({ browser }: Stage): Promise<StagePage> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  return { id: `page${++pages}`, page, cdp, close: () => context.close() };
}

/**
 * Any page that has formatted some numbers has made the engine's cache for it grow once (48 KB), and should not find that
 * on the bill of who comes next.
 */
const GROW_CACHES = 'for (let n = 0; n < 1000; n++) String(n + 0.5);';

/**
 * Opens a page that holds the text of an agent, not started. The text comes with the page, since what is handed to a page
 * from outside stays among its objects.
 */
export function openPageWith(stage: Stage, { source }: BenchAgent): Promise<StagePage> {
  const inert = source.replace(/<(?=!--|\/script)/g, '<\\');
  const html = `<!doctype html><meta charset="utf-8"><title>Bench</title><body>
<script>${GROW_CACHES}</script>
<script type="text/plain" id="agent">${inert}</script>`;
  stage.origin.serve('/with-agent', 'text/html', html);
  return openStagePage(stage, '/with-agent');
}

/** Starts the agent that a page holds by one inline script; says how long the main thread was held, ms. No code cache. */
export function startAgentIn({ page, id }: StagePage, { intake }: Stage): Promise<number> {
  return page.evaluate((endpoint) => {
    const element = document.createElement('script');
    element.dataset['endpoint'] = endpoint;
    element.textContent = document.getElementById('agent')!.textContent;
    const start = performance.now();
    document.body.append(element);
    return performance.now() - start;
  }, intake.urlFor(id));
}

/**
 * Opens a page that brings the agent by its address, with `defer`; says for how long its main thread was busy with scripts
 * until the document was ready, ms of CPU time. The page never finishes loading, so what an agent puts off is not counted.
 */
export async function openPageThatDefers(stage: Stage, { source }: BenchAgent): Promise<number> {
  const { origin, intake } = stage;
  const stagePage = await openBlankPage(stage);
  const { id, page, cdp } = stagePage;
  try {
    origin.serve('/agent.js', 'text/javascript', source);
    const html = `<!doctype html><meta charset="utf-8"><title>Bench</title>
<script src="/agent.js" data-endpoint="${intake.urlFor(id)}" defer></script><body><img src="${HELD_PATH}" alt="">`;
    origin.serve('/that-defers', 'text/html', html);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.goto(`${origin.url}/that-defers`, { waitUntil: 'domcontentloaded' });
    const { metrics } = await cdp.send('Performance.getMetrics');
    const inScripts = metrics.filter(({ name }) => name === 'ScriptDuration' || name === 'V8CompileDuration');
    return inScripts.reduce((sum, { value }) => sum + value, 0) * 1000;
  } finally {
    await stagePage.close();
  }
}

/** How a page makes its requests. */
export type CallKind = 'fetch' | 'xhr';

/** Makes requests one after another, each read as JSON. */
export function makeCalls({ page }: StagePage, kind: CallKind, count: number, path: string): Promise<void> {
  return page.evaluate(
    async ({ kind, count, path }) => {
      const byXhr = (url: string): Promise<unknown> =>
        new Promise((done, fail) => {
          const xhr = new XMLHttpRequest();
          xhr.open('GET', url);
          xhr.addEventListener('load', () => done(JSON.parse(xhr.responseText)));
          xhr.addEventListener('error', fail);
          xhr.send();
        });
      const byFetch = async (url: string): Promise<unknown> => (await fetch(url)).json();
      const call = kind === 'fetch' ? byFetch : byXhr;
      for (let n = 0; n < count; n++) await call(path);
    },
    { kind, count, path },
  );
}

/** Lets the page seem hidden, so that its agent sends what it holds, or seem shown again. */
export function seem({ page }: StagePage, state: 'hidden' | 'visible' | 'left'): Promise<void> {
  return page.evaluate((state) => {
    const visibility = state === 'visible' ? 'visible' : 'hidden';
    Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true });
    Object.defineProperty(document, 'hidden', { value: visibility === 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    if (state === 'left') window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }));
  }, state);
}

/** Waits without keeping the page's main thread at work. */
export function rest(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
