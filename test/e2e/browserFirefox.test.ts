import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasType, isRequestTo, runAndLeave, toPageHtml } from '../support/agentPage.ts';
import { startFakeCollector, type FakeCollector } from '../support/collector.ts';
import { findFirefox, launchFirefox } from '../support/firefox.ts';
import { startTestOrigin, type TestOrigin } from '../support/testOrigins.ts';

const path = findFirefox();
const CLICKS = 20;

let browser: Browser;
let collector: FakeCollector;
let site: TestOrigin;
let api: TestOrigin;
let page: Page;
let errors: string[];

const BODY = `
<button id="buy">Buy</button><button id="many">Many</button><a id="link" href="/orders/17">Orders</a>
<script>
  const xhr = (url) => new Promise((done) => {
    const x = new XMLHttpRequest();
    x.open('GET', url);
    x.onload = () => done(x.status);
    x.send();
  });
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const on = (id, listener) => document.getElementById(id).addEventListener('click', listener);
  on('buy', async () => {
    await (await fetch(api + '/timing')).json();
    await wait(5);
    await xhr('/of-xhr');
    document.body.dataset.done = 'yes';
  });
  on('link', async (event) => {
    event.preventDefault();
    history.pushState(null, '', '/orders/17');
    await fetch('/of-route');
  });
  let clicks = 0;
  on('many', async () => {
    const click = clicks++;
    await Promise.resolve();
    const part = async (n) => {
      await wait((click * 7 + n * 3) % 11);
      await (await fetch('/slow?ms=' + ((click + n) % 7) + '&click=' + click)).text();
      await new Promise(requestAnimationFrame);
      await xhr('/slow?ms=1&click=' + click);
      await new Promise((done) => queueMicrotask(done));
      await (await fetch(new Request('/slow?ms=2&click=' + click))).arrayBuffer();
    };
    await Promise.all([part(1), part(2), part(3)]);
    document.body.dataset.ended = Number(document.body.dataset.ended ?? 0) + 1;
  });
</script>`;

describe.skipIf(!path)('Firefox (needs Firefox)', () => {
  beforeAll(async () => {
    collector = await startFakeCollector();
    api = await startTestOrigin('127.0.0.1');
    const attributes = { endpoint: collector.url, 'propagate-to': api.url, 'service-name': 'shop' };
    const html = `<script>window.api = '${api.url}'</script>${toPageHtml(attributes, BODY)}`;
    site = await startTestOrigin('localhost', { '/': { html }, '/other': { html: '<title>Other</title>' } });
    browser = await launchFirefox(path!);
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([site, api, collector].map((server) => server?.stop()));
  });

  beforeEach(async () => {
    collector.clear();
    site.requests.length = 0;
    page = await browser.newPage();
    errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`${site.url}/`);
  });

  afterEach(async () => {
    expect(errors).toEqual([]);
    await page.close();
  });

  it('links what a click causes across awaits, timers and XHR, and reads the cold start', async () => {
    await page.click('#buy');
    await page.waitForSelector('[data-done]');
    const action = await collector.waitForSpan(hasType('action', 'click Buy'));
    const request = await collector.waitForSpan(isRequestTo('/timing'));
    const later = await collector.waitForSpan(isRequestTo('/of-xhr'));
    for (const span of [request, later]) {
      expect(span).toMatchObject({ traceId: action.traceId, parentSpanId: action.spanId });
    }
    expect(api.latest('/timing')!.headers['traceparent']).toBe(`00-${request.traceId}-${request.spanId}-03`);
    expect(request.attributes['clickspan.cold_start_ms']).toBe(120);
    expect(action.attributes['clickspan.action.cold_starts']).toBe(1);
  });

  it('keeps the requests of overlapping clicks in their own traces', async () => {
    await page.evaluate(async (count) => {
      for (let i = 0; i < count; i++) {
        document.getElementById('many')!.click();
        await new Promise((done) => setTimeout(done, 4));
      }
    }, CLICKS);
    await page.waitForSelector(`[data-ended="${CLICKS}"]`);
    const actions = await collector.waitForSpans(CLICKS, hasType('action', 'click Many'));
    const ofClick = new Map(actions.toSorted((a, b) => a.startUnixMs - b.startUnixMs).map((a, i) => [i, a]));
    const requests = site.requests.filter(({ url }) => url.includes('click='));
    expect(requests).toHaveLength(CLICKS * 9);
    const wrong = requests.filter(({ url, headers }) => {
      const click = Number(new URL(url, site.url).searchParams.get('click'));
      return String(headers['traceparent']).slice(3, 35) !== ofClick.get(click)!.traceId;
    });
    expect(wrong.map(({ url }) => url)).toEqual([]);
  });

  it('makes the load and each change of the route an action', async () => {
    await collector.waitForSpan(hasType('action', 'load /'));
    await page.click('#link');
    const request = await collector.waitForSpan(isRequestTo('/of-route'));
    const action = await collector.waitForSpan(({ spanId }) => spanId === request.parentSpanId);
    expect(action.name).toBe('click Orders');
    await page.evaluate(() => history.back());
    await collector.waitForSpan(hasType('action', 'route /'));
  });

  it('makes an action of the load when the page is restored as it was left', async () => {
    const first = await collector.waitForSpan(hasType('action', 'load /'));
    expect(first.attributes['clickspan.action.navigation_type']).toBe('navigate');
    collector.behave('slow', 300);
    await page.evaluate(() => void fetch('/before'));
    await collector.waitForSpan(isRequestTo('/before'));
    await page.goto(`${site.url}/other`);
    // What was on its way is answered while the page is frozen: it never hears of it.
    await new Promise((done) => setTimeout(done, 500));
    collector.behave('ok');
    collector.clear();
    // The driver's own way back waits for events of a load, which there is none of.
    await page.evaluate(() => void setTimeout(() => history.back()));
    const load = await collector.waitForSpan(hasType('action', 'load /'));
    expect(load.attributes['clickspan.action.navigation_type']).toBe('back_forward_cache');
  });

  it('sends what a fetch has brought right before the page is left', async () => {
    await runAndLeave(page, async () => {
      await fetch('/last');
      location.href = '/other';
    });
    const request = await collector.waitForSpan(isRequestTo('/last'));
    expect(request.attributes['http.response.status_code']).toBe(200);
  });

  it('leaves what the page passes and gets as it is', async () => {
    const facts = await page.evaluate(async () => {
      const init = { headers: { 'x-own': '1' } };
      const answer = await fetch('/echo', init);
      const refused = await fetch('http://[').catch((error: unknown) => (error as Error).name);
      return [
        fetch.length,
        fetch.name,
        answer instanceof Response,
        new URL(answer.url).pathname,
        ((await answer.json()) as Record<string, string>)['x-own'],
        JSON.stringify(init),
        refused,
        Function.prototype.toString.call(fetch).includes('[native code]'),
      ];
    });
    expect(facts).toEqual([1, 'fetch', true, '/echo', '1', '{"headers":{"x-own":"1"}}', 'TypeError', true]);
  });
});
