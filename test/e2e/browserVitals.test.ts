import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, openPage, toPageHtml, type PageVoices } from '../support/agentPage.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeCollector, type FakeCollector, type ReceivedLog } from '../support/collector.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let voices: PageVoices;

const BODY = `
<h1 style="font-size: 80px">A large heading that is the largest thing to see</h1>
<button id="busy">Busy</button><button id="quick">Quick</button><button id="route">Route</button>
<main id="main">Here</main>
<script src="/busy.js"></script>
<script>
  const on = (id, run) => document.getElementById(id).addEventListener('click', run);
  on('busy', () => work(200));
  on('quick', () => { document.getElementById('main').textContent = 'Quick'; });
  on('route', async () => {
    history.pushState(null, '', '/next/42?token=secret');
    await fetch('/echo');
    document.getElementById('main').innerHTML = '<p style="font-size: 60px">The next page, drawn by a script, with plenty of text</p>';
  });
  // What comes late moves what is there.
  setTimeout(() => document.body.prepend(Object.assign(document.createElement('div'), { style: 'height: 200px' })), 50);
</script>`;

const BUSY = `
function work(ms) { for (const until = performance.now() + ms; performance.now() < until; ); }
if (location.search === '?slow') work(120);`;

beforeAll(async () => {
  collector = await startFakeCollector();
  const attributes = { endpoint: collector.url, 'service-name': 'shop' };
  const busy = { html: BUSY, headers: { 'content-type': 'text/javascript' } };
  site = await startTestOrigin('localhost', {
    '/busy.js': busy,
    '/shop/12': { html: toPageHtml(attributes, BODY) },
    '/older/12': {
      html: `<script>
        for (const name of ['PerformanceLongAnimationFrameTiming', 'PerformanceSoftNavigation']) delete window[name];
      </script>${toPageHtml(attributes, BODY)}`,
    },
    '/without': { html: toPageHtml({ ...attributes, features: 'load, click' }, BODY) },
    '/away': { html: '<title>Away</title>Away' },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([site, collector].map((server) => server?.stop()));
});

beforeEach(async () => {
  await voices?.page.context().close();
  collector.clear();
});

async function open(path: string): Promise<Page> {
  voices = await openPage(browser, site.url + path);
  // The library is at work when the first of it has been told.
  if (path !== '/without') await collector.waitForLog(isVital('ttfb'));
  return voices.page;
}

const isVital =
  (name: string, navigationType = 'navigate') =>
  ({ eventName, attributes }: ReceivedLog): boolean =>
    eventName === 'browser.web_vital' &&
    attributes['browser.web_vital.name'] === name &&
    attributes['browser.web_vital.navigation_type'] === navigationType;
const actionNamed = (name: string) => collector.waitForSpan(hasType('action', name));
const painted = (page: Page): Promise<void> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));

const hasShifted = (page: Page): Promise<void> =>
  page.evaluate(
    () =>
      new Promise((done) =>
        new PerformanceObserver(() => done()).observe({ type: 'layout-shift', buffered: true }),
      ),
  );

describe('web vitals', () => {
  it('records those of the load with its action, by the names of the conventions, masked', async () => {
    const page = await open('/shop/12?user=anna');
    await hasShifted(page);
    await page.goto(`${site.url}/away`);
    const load = await actionNamed('load /shop/{id}');
    for (const name of ['ttfb', 'fcp', 'lcp', 'cls']) {
      const log = await collector.waitForLog(isVital(name));
      expect(log).toMatchObject({
        traceId: load.traceId,
        spanId: load.spanId,
        attributes: {
          'browser.web_vital.rating': expect.stringMatching(/^(?:good|needs-improvement|poor)$/),
          'browser.web_vital.id': expect.stringMatching(/^v/),
          'browser.document.url.full': `${site.url}/shop/{id}?user=*`,
        },
      });
      const value = Number(log.attributes['browser.web_vital.value']);
      expect(value).toBeGreaterThan(0);
      expect(log.attributes['browser.web_vital.delta']).toBe(log.attributes['browser.web_vital.value']);
      if (name === 'cls') expect(value).toBeLessThan(1);
      else expect(value).toBeLessThan(60_000);
    }
    const value = (name: string) =>
      Number(collector.logs.find(isVital(name))?.attributes['browser.web_vital.value']);
    expect(value('ttfb')).toBeLessThanOrEqual(value('fcp'));
    expect(value('fcp')).toBeLessThanOrEqual(value('lcp'));
  });

  it('ties INP to the click that was the slowest, and tells it on the action of each', async () => {
    const page = await open('/shop/12');
    await page.click('#busy');
    await painted(page);
    await page.click('#quick');
    const busy = await actionNamed('click Busy');
    const quick = await actionNamed('click Quick');
    await page.goto(`${site.url}/away`);
    const log = await collector.waitForLog(isVital('inp'));
    const inpMs = Number(log.attributes['browser.web_vital.value']);
    expect(log).toMatchObject({ traceId: busy.traceId, spanId: busy.spanId });
    expect(inpMs).toBeGreaterThanOrEqual(200);
    expect(busy.attributes['clickspan.action.inp_ms']).toBe(inpMs);
    expect(Number(quick.attributes['clickspan.action.inp_ms'] ?? 0)).toBeLessThan(inpMs);
  });

  it('records those of a soft navigation with the click that led to it', async () => {
    const page = await open('/shop/12');
    await page.click('#route');
    await collector.waitForLog(isVital('fcp', 'soft-navigation'));
    await page.goto(`${site.url}/away`);
    const click = await actionNamed('click Route');
    for (const name of ['ttfb', 'fcp', 'lcp']) {
      const log = await collector.waitForLog(isVital(name, 'soft-navigation'));
      expect(log).toMatchObject({
        traceId: click.traceId,
        attributes: { 'browser.document.url.full': `${site.url}/next/{id}?token=*` },
      });
    }
  });

  it('records those of a page that comes back out of the back/forward cache with the load that this is', async () => {
    const page = await open('/shop/12');
    await page.evaluate(() => {
      // Whether the browser keeps pages is its own affair: the event stands for it.
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    });
    const load = await collector.waitForSpan(
      ({ attributes }) => attributes['clickspan.action.navigation_type'] === 'back_forward_cache',
    );
    for (const name of ['ttfb', 'fcp', 'lcp']) {
      const { traceId } = await collector.waitForLog(isVital(name, 'back-forward-cache'));
      expect(traceId).toBe(load.traceId);
    }
  });

  it('starts behind the load, and says nothing in the console', async () => {
    await open('/shop/12');
    expect(voices.console).toEqual([]);
    expect(voices.errors).toEqual([]);
  });

  it('can be switched off', async () => {
    const page = await open('/without');
    await page.click('#busy');
    const busy = await actionNamed('click Busy');
    await page.goto(`${site.url}/away`);
    expect(collector.logs.filter(({ eventName }) => eventName === 'browser.web_vital')).toEqual([]);
    expect(busy.attributes).not.toHaveProperty('clickspan.action.main_thread_ms');
  });
});

describe('long frames', () => {
  it('tells how long a click kept the main thread busy, and the script that did', async () => {
    const page = await open('/shop/12');
    await page.click('#busy');
    const { attributes } = await actionNamed('click Busy');
    expect(attributes['clickspan.action.main_thread_ms']).toBeGreaterThanOrEqual(200);
    expect(attributes['clickspan.action.blocking_script_ms']).toBeGreaterThanOrEqual(195);
    expect(attributes['clickspan.action.blocking_script']).toBe(`${site.url}/shop/{id}`);
  });

  it('tells it of the load too, though it starts behind that', async () => {
    await open('/shop/12?slow');
    const { attributes } = await actionNamed('load /shop/{id}');
    expect(attributes['clickspan.action.main_thread_ms']).toBeGreaterThanOrEqual(100);
    expect(attributes['clickspan.action.blocking_script']).toBe(`${site.url}/busy.js`);
  });

  it('tells it by long tasks where the browser has no long frames', async () => {
    const page = await open('/older/12');
    await page.click('#busy');
    const { attributes } = await actionNamed('click Busy');
    expect(attributes['clickspan.action.main_thread_ms']).toBeGreaterThanOrEqual(195);
    expect(attributes).not.toHaveProperty('clickspan.action.blocking_script');
  });

  it('tells nothing of a click that was quick', async () => {
    const page = await open('/shop/12');
    await page.click('#quick');
    const { attributes } = await actionNamed('click Quick');
    expect(attributes).not.toHaveProperty('clickspan.action.main_thread_ms');
  });
});
